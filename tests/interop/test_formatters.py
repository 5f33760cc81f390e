"""Formatters of the internal topics: our console consumer prints what Apache's prints, of the same records."""
import confluent_kafka
import pytest

import kzlib

OFFSETS = "kafka.coordinator.group.GroupMetadataManager$OffsetsMessageFormatter"
GROUPS = "kafka.coordinator.group.GroupMetadataManager$GroupMetadataMessageFormatter"


@pytest.fixture(scope="module")
def groups(dev):
    """Commits of three groups, one of them with several members, one gone again."""
    dev.create_topic("read", 4)
    consumers = []
    for group, count in (("alone", 1), ("many", 3), ("gone", 1)):
        for i in range(count):
            c = confluent_kafka.Consumer({"bootstrap.servers": dev.bootstrap, "group.id": group, "client.id": f"c{i}",
                                          **({"group.instance.id": f"static-{i}"} if group == "many" else {})})
            c.subscribe(["read"])
            consumers.append(c)
    kzlib.wait_for("assignments", lambda: [c.poll(0.05) for c in consumers] and all(c.assignment() for c in consumers), 40)
    for c in consumers:
        c.commit(offsets=[confluent_kafka.TopicPartition(p.topic, p.partition, 5) for p in c.assignment()], asynchronous=False)
    consumers[-1].close()
    yield
    for c in consumers[:-1]:
        c.close()


def of_groups(text):
    return sorted(l for l in text.splitlines() if l.startswith(("[alone,", "[many,", "[gone,", "alone::", "many::", "gone::")))


@pytest.mark.parametrize("release", ["3.4.0", "2.7.1"])
@pytest.mark.parametrize("formatter", [OFFSETS, GROUPS])
def test_internal_topics_are_printed_alike(dev, groups, release, formatter):
    args = ["--bootstrap-server", dev.bootstrap, "--topic", "__consumer_offsets", "--from-beginning", "--formatter", formatter,
            "--consumer-property", "exclude.internal.topics=false", "--timeout-ms"]
    ours = kzlib.run(dev.kz, "console-consumer", *args, 3000)
    theirs = kzlib.java_tool(release, "kafka.tools.ConsoleConsumer", *args, 6000)
    mine = of_groups(ours.stdout)
    if release == "2.7.1":  # wrote an absent instance id as Some(null) and a comma too many; ours is 3.4.0's text
        theirs.stdout = theirs.stdout.replace("groupInstanceId=Some(null)", "groupInstanceId=None").replace("List(range), )", "List(range))")
    # Java prints to the end of what was there when it came, its own group included.
    assert mine == of_groups(theirs.stdout), "\n".join(mine + ["---"] + of_groups(theirs.stdout))
    assert len(mine) >= 3
