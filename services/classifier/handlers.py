"""What the classifier hears and says: a firm was registered, so it is assessed."""

from dataclasses import dataclass

from services.classifier import store
from services.classifier.domain import assess
from services.classifier.store import Assessed
from shared.agreement import Agreement
from shared.contracts.classifier import FirmAssessed
from shared.contracts.intake import FirmRegistered
from shared.feeds.speech import Batch, Said, Work
from shared.feeds.subscriptions import On


@dataclass(frozen=True, slots=True)
class Policy:
    """What the handler brings with it: the agreement that gives segments and needs."""

    agreement: Agreement


async def assess_firms(firms: Batch[FirmRegistered], work: Work[Policy]) -> list[Said]:
    """Place each firm and derive its needs; everything that later services need of the firm travels on with it."""
    assessed = [
        Assessed(assess(firm.event, work.context.agreement), firm.cause.id, firm.cause.traceparent) for firm in firms
    ]
    await store.save(work.connection, assessed, work.now)
    return [firm.says(one.firm) for firm, one in zip(firms, assessed, strict=True)]


SUBSCRIPTIONS = (On(FirmRegistered, assess_firms, says=(FirmAssessed,)),)
