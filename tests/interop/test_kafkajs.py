"""kafkajs: admin, producer with each codec it has, and a consumer group."""
import subprocess

import kzlib

SCRIPT = r"""
const { Kafka, CompressionTypes, logLevel } = require('kafkajs')
const [broker, topic] = process.argv.slice(2)
const kafka = new Kafka({ clientId: 'kz-test', brokers: [broker], logLevel: logLevel.ERROR })
async function main() {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true })
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const messages = Array.from({ length: 200 }, (_, i) => ({ key: 'k' + i, value: 'v' + i, headers: { h: 'x' + i } }))
  await producer.send({ topic, messages: messages.slice(0, 100) })
  await producer.send({ topic, compression: CompressionTypes.GZIP, messages: messages.slice(100) })
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: 'js-' + topic })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const seen = new Map()
  await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('only ' + seen.size)), 30000).unref()
    consumer.run({ eachMessage: async ({ message }) => {
      seen.set(message.key.toString(), message.value.toString() + message.headers.h.toString())
      if (seen.size === 200) resolve()
    } })
  })
  await consumer.disconnect()
  for (let i = 0; i < 200; i++) if (seen.get('k' + i) !== 'v' + i + 'x' + i) throw new Error('wrong ' + i)
  const groups = await admin.describeGroups(['js-' + topic])
  const offsets = await admin.fetchOffsets({ groupId: 'js-' + topic, topics: [topic] })
  const total = offsets[0].partitions.reduce((sum, p) => sum + Number(p.offset), 0)
  if (total !== 200) throw new Error('committed ' + total)
  await admin.deleteTopics({ topics: [topic] })
  await admin.disconnect()
  console.log('ok', groups.groups[0].state)
}
main().catch(e => { console.error(e); process.exit(1) })
"""


def test_kafkajs(dev, topic, tmp_path):
    (tmp_path / "t.js").write_text(SCRIPT)
    p = subprocess.run(["node", tmp_path / "t.js", dev.bootstrap, topic], capture_output=True, text=True, timeout=120,
                       env={"NODE_PATH": str(kzlib.PEERS / "npm" / "node_modules"), "PATH": "/usr/local/bin:/usr/bin:/bin",
                            "KAFKAJS_NO_PARTITIONER_WARNING": "1"})
    assert p.returncode == 0, p.stderr[-3000:]
    assert p.stdout.startswith("ok")
