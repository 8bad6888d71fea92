"""A topic deleted and made again, as by somebody's mistake: same name, same layout, another id, nothing on it."""

from confluent_kafka.admin import AdminClient

from deploy.kafka.broker import Broker
from deploy.kafka.desired import desired
from deploy.kafka.plan import CreateTopic, Plan
from deploy.local.home import Home
from shared.agreement import load
from shared.errors import Trouble
from shared.feeds.kafka import in_thread, topic_ids
from shared.testing.waiting import until
from tests.ground import PARTITIONS


async def remake(home: Home, name: str, prefix: str = "", partitions: int | None = PARTITIONS) -> None:
    """Delete the topic (named without prefix) and make it again at once; done when the broker shows the new one."""
    topic = prefix + name
    layout = desired(load(), prefix=prefix, partitions=partitions).topics[topic]
    admin = AdminClient({**home.kafka_admin(), "log_level": 0})
    before = (await in_thread(lambda: topic_ids(admin, [topic])))[topic]
    await in_thread(lambda: admin.delete_topics([topic])[topic].result(10))

    async def made() -> bool:
        try:
            await Broker(home.kafka_admin(), home.kafka_client).apply(Plan((CreateTopic(topic, layout),)))
        except Trouble:
            return False  # its deletion is still under way
        return True

    await until(made, what=f"{topic} made again")

    async def shown() -> bool:
        found = await in_thread(lambda: topic_ids(admin, [topic]))
        return found.get(topic, before) != before

    await until(shown, what=f"the new {topic}")
