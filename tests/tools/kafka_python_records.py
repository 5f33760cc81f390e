#!/usr/bin/python3
"""Prints record batches built by kafka-python (Debian's python3-kafka), one "<name> <hex>" a line."""
from kafka import codec
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.legacy_records import LegacyRecordBatchBuilder

CODECS = {"none": (0, lambda: True), "gzip": (1, codec.has_gzip), "snappy": (2, codec.has_snappy), "lz4": (3, codec.has_lz4)}

for name, (attributes, available) in CODECS.items():
    if not available():
        continue
    builder = DefaultRecordBatchBuilder(magic=2, compression_type=attributes, is_transactional=0, producer_id=-1,
                                        producer_epoch=-1, base_sequence=-1, batch_size=1 << 20)
    for i in range(20):
        headers = [("h", b"x%d" % i)] if i % 3 == 0 else []
        builder.append(i, 1000 + i * 7 % 13, b"key%d" % i if i % 4 else None, b"value " * i if i % 5 else None, headers)
    print("v2_" + name, bytes(builder.build()).hex())
    for magic in (0, 1):
        if magic == 0 and name == "lz4":
            continue
        old = LegacyRecordBatchBuilder(magic, attributes, 1 << 20)
        for i in range(20):
            old.append(i, 1000 + i, b"key%d" % i if i % 4 else None, b"value " * i if i % 5 else None)
        print("v%d_%s" % (magic, name), bytes(old.build()).hex())
