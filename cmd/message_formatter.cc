#include "cmd/message_formatter.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "cmd/internal_formatters.h"
#include "cmd/line_reader.h"
#include "core/bytes/reader.h"

namespace kz::cmd {
namespace {

constexpr std::string_view kSerializationPackage = "org.apache.kafka.common.serialization.";

bool is_true(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text.size() == 4 && strncasecmp(text.data(), "true", 4) == 0;
}

// Digits and exponent as Java lays them out: plain between 1e-3 and 1e7, else d.dddEn.
std::string java_number(std::string_view scientific) {
  const bool negative = scientific.front() == '-';
  if (negative) scientific.remove_prefix(1);
  const size_t e = scientific.find('e');
  std::string digits(scientific.substr(0, e));
  std::erase(digits, '.');
  int exponent = 0;
  std::from_chars(scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1), scientific.data() + scientific.size(),
                  exponent);
  std::string out = negative ? "-" : "";
  if (exponent < -3 || exponent >= 7) {
    out += digits.substr(0, 1) + "." + (digits.size() > 1 ? digits.substr(1) : "0") + "E" + std::to_string(exponent);
  } else if (exponent < 0) {
    out += "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  } else {
    const auto whole = static_cast<size_t>(exponent) + 1;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    out += digits.substr(0, whole) + "." + (digits.size() > whole ? digits.substr(whole) : "0");
  }
  return out;
}

template <class T>
std::string java_floating(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  std::array<char, 64> buffer;
  const auto [end, ec] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  return java_number({buffer.data(), static_cast<size_t>(end - buffer.data())});
}

// One of Java's deserializers: bytes to text.
class Deserializer {
 public:
  enum class Kind : uint8_t { kRaw, kString, kLong, kInteger, kShort, kDouble, kFloat, kUuid, kVoid };

  static std::expected<Deserializer, Uncaught> parse(std::string_view class_name) {
    static constexpr std::pair<std::string_view, Kind> kKinds[] = {
        {"StringDeserializer", Kind::kString},   {"LongDeserializer", Kind::kLong},
        {"IntegerDeserializer", Kind::kInteger}, {"ShortDeserializer", Kind::kShort},
        {"DoubleDeserializer", Kind::kDouble},   {"FloatDeserializer", Kind::kFloat},
        {"ByteArrayDeserializer", Kind::kRaw},   {"BytesDeserializer", Kind::kRaw},
        {"UUIDDeserializer", Kind::kUuid},       {"VoidDeserializer", Kind::kVoid},
    };
    if (class_name.starts_with(kSerializationPackage)) {
      for (const auto& [name, kind] : kKinds) {
        if (class_name.substr(kSerializationPackage.size()) == name) return Deserializer(kind);
      }
    }
    return std::unexpected(Uncaught{"java.lang.ClassNotFoundException",
                                    std::string(class_name),
                                    {},
                                    "the deserializers are those of org.apache.kafka.common.serialization"});
  }
  Deserializer() = default;

  std::expected<void, Uncaught> append(Bytes bytes, std::string& out) {
    Reader r(bytes);
    switch (kind_) {
      case Kind::kRaw:
        out += as_text(bytes);
        return {};
      case Kind::kString:
        out += repair_utf8(as_text(bytes), repaired_) ? std::string_view(repaired_) : as_text(bytes);
        return {};
      case Kind::kUuid:
        out += as_text(bytes);
        return {};
      case Kind::kLong:
        if (bytes.size() != 8) return wrong_size("LongDeserializer", 8);
        out += std::to_string(r.i64());
        return {};
      case Kind::kInteger:
        if (bytes.size() != 4) return wrong_size("IntegerDeserializer", 4);
        out += std::to_string(r.i32());
        return {};
      case Kind::kShort:
        if (bytes.size() != 2) return wrong_size("ShortDeserializer", 2);
        out += std::to_string(r.i16());
        return {};
      case Kind::kDouble:
        if (bytes.size() != 8) return wrong_size("DoubleDeserializer", 8);
        out += java_double(r.f64());
        return {};
      case Kind::kFloat:
        if (bytes.size() != 4) return wrong_size("Float Deserializer", 4);
        out += java_float(std::bit_cast<float>(r.u32()));
        return {};
      case Kind::kVoid:
        break;
    }
    return std::unexpected(
        Uncaught{"java.lang.IllegalArgumentException", "Data should be null for a VoidDeserializer.", {}, {}});
  }

 private:
  explicit Deserializer(Kind kind) : kind_(kind) {}
  static std::unexpected<Uncaught> wrong_size(const char* name, int size) {
    return std::unexpected(Uncaught{"org.apache.kafka.common.errors.SerializationException",
                                    "Size of data received by " + std::string(name) + " is not " + std::to_string(size),
                                    {},
                                    {}});
  }
  Kind kind_ = Kind::kRaw;
  std::string repaired_;
};

class DefaultFormatter final : public MessageFormatter {
 public:
  std::expected<void, Uncaught> configure(const std::map<std::string, std::string>& properties,
                                          std::vector<std::string>& unknown) {
    const std::pair<std::string_view, bool*> flags[] = {
        {"print.timestamp", &timestamp_}, {"print.key", &key_},         {"print.offset", &offset_},
        {"print.partition", &partition_}, {"print.headers", &headers_}, {"print.value", &value_}};
    const std::pair<std::string_view, std::string*> texts[] = {{"key.separator", &separator_},
                                                               {"line.separator", &line_end_},
                                                               {"headers.separator", &headers_separator_},
                                                               {"null.literal", &null_}};
    const std::pair<std::string_view, Deserializer*> readers[] = {{"key.deserializer", &key_reader_},
                                                                  {"value.deserializer", &value_reader_},
                                                                  {"headers.deserializer", &headers_reader_}};
    for (const auto& [name, text] : properties) {
      bool known = false;
      for (const auto& [n, flag] : flags) {
        if (n == name) *flag = is_true(text), known = true;
      }
      for (const auto& [n, value] : texts) {
        if (n == name) *value = text, known = true;
      }
      for (const auto& [n, reader] : readers) {
        if (name.starts_with(std::string(n) + ".")) known = true;  // settings of a deserializer: ours have none
        if (n != name) continue;
        auto parsed = Deserializer::parse(text);
        if (!parsed) return std::unexpected(parsed.error());
        *reader = *parsed;
        known = true;
      }
      if (!known) unknown.push_back(name);
    }
    return {};
  }

  std::expected<void, Uncaught> write(const std::string&, int32_t partition, const client::ConsumedRecord& r,
                                      std::string& out) override {
    using Time = client::ConsumedRecord::Time;
    const auto end = [&](bool more) { out += more ? separator_ : line_end_; };
    if (timestamp_) {
      if (r.time == Time::kNone) {
        out += "NO_TIMESTAMP";
      } else {
        out += (r.time == Time::kCreate ? "CreateTime:" : "LogAppendTime:") + std::to_string(r.timestamp);
      }
      end(offset_ || partition_ || headers_ || key_ || value_);
    }
    if (partition_) {
      out += "Partition:" + std::to_string(partition);
      end(offset_ || headers_ || key_ || value_);
    }
    if (offset_) {
      out += "Offset:" + std::to_string(r.offset);
      end(headers_ || key_ || value_);
    }
    if (headers_) {
      if (auto ok = write_headers(r, out); !ok) return ok;
      end(key_ || value_);
    }
    if (key_) {
      if (auto ok = key_reader_.append(r.has_key ? r.key : as_bytes(null_), out); !ok) return ok;
      end(value_);
    }
    if (value_) {
      if (auto ok = value_reader_.append(r.has_value ? r.value : as_bytes(null_), out); !ok) return ok;
      out += line_end_;
    }
    return {};
  }

 private:
  std::expected<void, Uncaught> write_headers(const client::ConsumedRecord& r, std::string& out) {
    if (r.view == nullptr || r.view->header_count == 0) {
      out += "NO_HEADERS";
      return {};
    }
    kafka::HeaderIterator headers(*r.view);
    kafka::HeaderView header;
    for (bool first = true; headers.next(header); first = false) {
      if (!first) out += headers_separator_;
      out += header.key;
      out += ':';
      if (auto ok = headers_reader_.append(header.has_value ? header.value : as_bytes(null_), out); !ok) return ok;
    }
    return {};
  }

  bool timestamp_ = false, key_ = false, offset_ = false, partition_ = false, headers_ = false, value_ = true;
  std::string separator_ = "\t", line_end_ = "\n", headers_separator_ = ",", null_ = "null";
  Deserializer key_reader_, value_reader_, headers_reader_;
};

class NoOpFormatter final : public MessageFormatter {
 public:
  std::expected<void, Uncaught> write(const std::string&, int32_t, const client::ConsumedRecord&,
                                      std::string&) override {
    return {};
  }
};

}  // namespace

std::string java_double(double value) { return java_floating(value); }
std::string java_float(float value) { return java_floating(value); }

std::expected<std::unique_ptr<MessageFormatter>, Uncaught> make_formatter(
    const std::string& class_name, const std::map<std::string, std::string>& properties,
    std::vector<std::string>& unknown) {
  if (class_name == "kafka.tools.NoOpMessageFormatter") return std::make_unique<NoOpFormatter>();
  if (auto internal = make_internal_formatter(class_name)) return internal;
  // The logging one prints the same; its log lines are INFO, which tools do not show.
  if (class_name != "kafka.tools.DefaultMessageFormatter" && class_name != "kafka.tools.LoggingMessageFormatter") {
    return std::unexpected(Uncaught{"java.lang.ClassNotFoundException",
                                    class_name,
                                    {},
                                    "kz has kafka.tools.DefaultMessageFormatter, LoggingMessageFormatter and "
                                    "NoOpMessageFormatter, and those of the internal topics: "
                                    "kafka.coordinator.group.GroupMetadataManager$OffsetsMessageFormatter, "
                                    "...$GroupMetadataMessageFormatter and "
                                    "kafka.coordinator.transaction.TransactionLog$TransactionLogMessageFormatter"});
  }
  auto formatter = std::make_unique<DefaultFormatter>();
  if (auto ok = formatter->configure(properties, unknown); !ok) return std::unexpected(ok.error());
  return formatter;
}

}  // namespace kz::cmd
