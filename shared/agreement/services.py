"""What the partners offer: the agreement coordinates tools, services and resources, not bodies alone."""

from collections.abc import Collection
from typing import Literal

from pydantic import Field

from shared.agreement.parts import Code, Few, Market, Part, PartnerCode, Span, Text


class Title(Part):
    it: Text
    en: Text


class Service(Span):
    """One thing that a partner offers on a front, from its first day to its last.

    Without segments it is for all, without markets for any. `import_`: `only` for needs of import, `never`, or `also`.
    """

    code: Code
    partner: PartnerCode
    front: Code
    segments: Few[Code] = ()
    markets: Few[Market] = ()
    import_: Literal["only", "also", "never"] = Field(alias="import")
    link: str | None = Field(default=None, pattern=r"^https://[a-z0-9.-]+(/\S*)?$")
    title: Title

    def fits(self, front: str, segments: Collection[str], market: str | None, import_: bool) -> bool:
        """Whether it is for such a need; `segments` are those that the firm can be in, one of which is enough."""
        return (
            front == self.front
            and self.import_ != ("never" if import_ else "only")
            and (not self.segments or any(code in self.segments for code in segments))
            and (not self.markets or market is None or market in self.markets)
        )
