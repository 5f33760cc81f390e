#!/usr/bin/env python3
"""Renews tests/golden/kafka_schema/kafka-3.4.0.txt from Apache Kafka's own message schemas.

    tests/tools/renew_kafka_schema.py DIRECTORY

DIRECTORY holds the *.json schemas of a Kafka source tree at tag 3.4.0, at any depth (the root of the tree will do).
Taken are the requests and responses that a broker in ZooKeeper mode serves, and the stored records named below. The
output has facts only, in the form that dump_schema() of core/kafka/codec.h prints:

    MESSAGE MIN-MAX [key N] flexible N|none
      FIELD TYPE FIRST-LAST [nullable FIRST-LAST] [tag N] [default X] [ignorable]

Versions are clipped to those of the enclosing field; nested fields are indented; tagged fields come last, by tag. A
default is shown when it is not zero, empty or false.
"""
import json
import pathlib
import re
import sys

RECORDS = {
    "OffsetCommitKey", "OffsetCommitValue", "GroupMetadataKey", "GroupMetadataValue", "TransactionLogKey",
    "TransactionLogValue", "ConsumerProtocolSubscription", "ConsumerProtocolAssignment",
}
PRIMITIVES = {"bool", "int8", "int16", "int32", "int64", "float64", "uuid", "string", "bytes", "records"}
OPEN = 32767


def load(path):
    text = re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.M)
    return json.loads(text)


def versions(text):
    if text in (None, "", "none"):
        return None
    if text.endswith("+"):
        return int(text[:-1]), OPEN
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def clip(inner, outer):
    return max(inner[0], outer[0]), min(inner[1], outer[1])


def span(pair):
    return f"{pair[0]}-{pair[1]}"


def default_of(field):
    """The default as printed, or None when it is the type's zero."""
    value = str(field.get("default", ""))
    if value == "null":
        return "null"
    if field["type"].startswith("int"):
        number = int(value or "0", 0)
        return str(number) if number else None
    if field["type"] == "bool":
        return "true" if value.lower() == "true" else None
    if field["type"] == "records":
        return "null" if field.get("nullableVersions") else None
    if value:
        raise SystemExit(f"unexpected default {value!r} of {field['name']}")
    return None


def dump(fields, outer, common, depth, out):
    for field in sorted(fields, key=lambda f: f.get("tag", -1)):
        base = field["type"].removeprefix("[]")
        array = "[]" if field["type"].startswith("[]") else ""
        here = clip(versions(field["versions"]), outer)
        line = f"{'  ' * depth}{field['name']} {array}{base if base in PRIMITIVES else 'struct'} {span(here)}"
        nullable = versions(field.get("nullableVersions"))
        if nullable:
            line += f" nullable {span(clip(nullable, here))}"
        if "tag" in field:
            if versions(field["taggedVersions"]) != versions(field["versions"]):
                raise SystemExit(f"{field['name']} is tagged in some versions only")
            line += f" tag {field['tag']}"
        default = default_of(field)
        if default is not None:
            line += f" default {default}"
        if field.get("ignorable"):
            line += " ignorable"
        out.append(line)
        if base not in PRIMITIVES:
            dump(field.get("fields") or common[base], here, common, depth + 1, out)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    taken = {}
    listeners = {}
    for path in pathlib.Path(sys.argv[1]).rglob("*.json"):
        if "/test/" in str(path):
            continue
        try:
            message = load(path)
        except ValueError:
            continue
        if not isinstance(message, dict) or "validVersions" not in message:
            continue
        if message["type"] == "request":
            listeners[message["apiKey"]] = message.get("listeners", [])
        if message["type"] in ("request", "response") or message["name"] in RECORDS:
            taken[message["name"]] = message
    out = []
    for name in sorted(taken):
        message = taken[name]
        key = message.get("apiKey")
        if key is not None and "zkBroker" not in listeners[key]:
            continue
        valid = versions(message["validVersions"])
        flexible = versions(message.get("flexibleVersions"))
        line = f"{name} {span(valid)}"
        if key is not None:
            line += f" key {key}"
        out.append(line + f" flexible {flexible[0] if flexible else 'none'}")
        common = {struct["name"]: struct["fields"] for struct in message.get("commonStructs", [])}
        dump(message["fields"], valid, common, 1, out)
    target = pathlib.Path(__file__).resolve().parent.parent / "golden" / "kafka_schema" / "kafka-3.4.0.txt"
    target.write_text("\n".join(out) + "\n")
    print(f"{target}: {sum(not line.startswith(' ') for line in out)} messages, {len(out)} lines")


main()
