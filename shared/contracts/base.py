"""What every event of ours is: a fact, frozen, in the past tense, owned by the service that says it.

An event class is its `data`. Type, topic and the rest of the CloudEvents envelope stand beside it: the type and the
feed are facts of the class, the identifiers are derived from the cause when it is said (`shared.feeds`). Within a
version only optional fields are added; a changed meaning is a new class with the next version.
"""

from typing import ClassVar

import msgspec

FirmId = str
"""A firm inside Portolano: a UUID derived from its codice fiscale with a secret key (intake alone knows the key)."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of everything that our services say.

    `type` is the CloudEvents type. `feed` names the topic; `{partner}` in it stands for the code of the partner that
    is told, and such a feed has one partition. A feed without it is spread over partitions by the firm.
    """

    type: ClassVar[str]
    feed: ClassVar[str]
