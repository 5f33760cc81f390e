// A load client on librdkafka's public C API. One line of JSON per run on stdout.
//   kz_kafka_load produce  BROKERS TOPIC RECORDS SIZE [KEY=VALUE]...   batches as linger.ms and batch.size say
//   kz_kafka_load single   BROKERS TOPIC RECORDS SIZE [KEY=VALUE]...   one record a request, pipelined
//   kz_kafka_load fetch    BROKERS TOPIC RECORDS [KEY=VALUE]...        partition 0 from its start
//   kz_kafka_load latency  BROKERS TOPIC RATE SECONDS [KEY=VALUE]...   produce to consume at RATE records/s of 100 B
// KEY=VALUE: librdkafka configuration. Payloads are random bytes, so that no codec flatters anybody.
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "kz_kafka_load: %s\n", why.c_str());
  std::exit(1);
}

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

double cpu_seconds() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(u.ru_utime) + seconds(u.ru_stime);
}

void set(rd_kafka_conf_t* conf, const std::string& key, const std::string& value) {
  char why[256];
  if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) die(why);
}

struct Options {
  std::string brokers, topic;
  std::vector<std::pair<std::string, std::string>> overrides;
};

// The configuration with its defaults, then the command line's words.
rd_kafka_t* make_client(rd_kafka_type_t type, const Options& options,
                        const std::vector<std::pair<std::string, std::string>>& defaults,
                        void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", options.brokers);
  set(conf, "broker.address.family", "v4");
  for (const auto& [key, value] : defaults) set(conf, key, value);
  for (const auto& [key, value] : options.overrides) set(conf, key, value);
  if (delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, delivered);
  char why[256];
  rd_kafka_t* client = rd_kafka_new(type, conf, why, sizeof why);
  if (client == nullptr) die(why);
  return client;
}

std::string random_bytes(size_t size) {
  std::mt19937_64 random(42);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::atomic<int64_t> g_delivered{0};
std::atomic<int64_t> g_failed{0};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) g_failed.fetch_add(1, std::memory_order_relaxed);
  g_delivered.fetch_add(1, std::memory_order_relaxed);
}

void report(const char* mode, int64_t records, double bytes, double seconds, double cpu, const std::string& more = {}) {
  std::printf(R"({"mode":"%s","records":%lld,"seconds":%.6f,"records_s":%.1f,"mb_s":%.2f,"client_cpu_s":%.3f%s})"
              "\n",
              mode, static_cast<long long>(records), seconds, static_cast<double>(records) / seconds,
              bytes / seconds / 1e6, cpu, more.c_str());
}

void produce_one(rd_kafka_t* client, rd_kafka_topic_t* topic, const std::string& payload, int flags) {
  while (rd_kafka_produce(topic, 0, flags, const_cast<char*>(payload.data()), payload.size(), nullptr, 0, nullptr) !=
         0) {
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) die(rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_poll(client, 5);
  }
}

int produce(const char* mode, const Options& options, int64_t records, size_t size,
            const std::vector<std::pair<std::string, std::string>>& defaults) {
  rd_kafka_t* client = make_client(RD_KAFKA_PRODUCER, options, defaults, on_delivery);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client, options.topic.c_str(), nullptr);
  const std::string payload = random_bytes(size);
  // The connection, the metadata and the first append are not what is measured.
  produce_one(client, topic, payload, 0);
  rd_kafka_flush(client, 30000);
  if (g_failed.load() > 0 || g_delivered.load() != 1) die("the first record was not delivered");
  const double cpu = cpu_seconds();
  const int64_t start = now_ns();
  for (int64_t i = 0; i < records; ++i) {
    produce_one(client, topic, payload, 0);
    if (i % 4096 == 0) rd_kafka_poll(client, 0);
  }
  rd_kafka_flush(client, 120000);
  const double seconds = static_cast<double>(now_ns() - start) * 1e-9;
  if (g_failed.load() > 0 || g_delivered.load() != records + 1) die("records were not delivered");
  report(mode, records, static_cast<double>(records) * static_cast<double>(size), seconds, cpu_seconds() - cpu);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return 0;
}

struct Fetched {
  int64_t want = 0, records = 0, bytes = 0;
  int64_t first_ns = 0;
  std::vector<int64_t>* latencies = nullptr;
};

void on_message(rd_kafka_message_t* message, void* opaque) {
  auto& f = *static_cast<Fetched*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) die(rd_kafka_message_errstr(message));
  if (f.records == 0) f.first_ns = now_ns();
  ++f.records;
  f.bytes += static_cast<int64_t>(message->len);
  if (f.latencies != nullptr && message->len >= 8) {
    int64_t sent;
    std::memcpy(&sent, message->payload, 8);
    f.latencies->push_back(now_ns() - sent);
  }
}

int fetch(const Options& options, int64_t records) {
  rd_kafka_t* client = make_client(RD_KAFKA_CONSUMER, options,
                                   {{"fetch.wait.max.ms", "100"},
                                    {"fetch.message.max.bytes", "10485760"},
                                    {"fetch.max.bytes", "52428800"},
                                    {"queued.min.messages", "1000000"},
                                    {"queued.max.messages.kbytes", "262144"},
                                    {"check.crcs", "false"}});
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client, options.topic.c_str(), nullptr);
  Fetched f;
  f.want = records;
  const double cpu = cpu_seconds();
  const int64_t start = now_ns();
  if (rd_kafka_consume_start(topic, 0, RD_KAFKA_OFFSET_BEGINNING) != 0) die("cannot start consuming");
  while (f.records < records) {
    if (now_ns() - start > 120'000'000'000) die("records are missing");
    rd_kafka_consume_callback(topic, 0, 100, on_message, &f);
  }
  const double seconds = static_cast<double>(now_ns() - f.first_ns) * 1e-9;
  report("fetch", f.records, static_cast<double>(f.bytes), seconds, cpu_seconds() - cpu);
  rd_kafka_consume_stop(topic, 0);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return 0;
}

int latency(const Options& options, int64_t rate, int64_t seconds) {
  const int64_t records = rate * seconds;
  std::vector<int64_t> latencies;
  latencies.reserve(static_cast<size_t>(records) + 10);
  rd_kafka_t* producer = make_client(RD_KAFKA_PRODUCER, options, {{"linger.ms", "0"}, {"acks", "1"}}, on_delivery);
  rd_kafka_topic_t* to = rd_kafka_topic_new(producer, options.topic.c_str(), nullptr);
  std::string payload = random_bytes(100);
  const auto send = [&] {
    const int64_t now = now_ns();
    std::memcpy(payload.data(), &now, 8);
    produce_one(producer, to, payload, RD_KAFKA_MSG_F_COPY);
  };
  send();
  rd_kafka_flush(producer, 30000);
  if (g_failed.load() > 0) die("the first record was not delivered");

  rd_kafka_t* consumer =
      make_client(RD_KAFKA_CONSUMER, options,
                  {{"fetch.wait.max.ms", "500"}, {"fetch.min.bytes", "1"}, {"fetch.error.backoff.ms", "0"}});
  rd_kafka_topic_t* from = rd_kafka_topic_new(consumer, options.topic.c_str(), nullptr);
  std::atomic<bool> reading{false};
  std::thread reader([&] {
    Fetched f;
    if (rd_kafka_consume_start(from, 0, RD_KAFKA_OFFSET_BEGINNING) != 0) die("cannot start consuming");
    const int64_t start = now_ns();
    while (f.records < records + 1) {
      if (now_ns() - start > (seconds + 60) * 1'000'000'000) die("records are missing");
      rd_kafka_consume_callback(from, 0, 1000, on_message, &f);
      if (f.records > 0) {
        f.latencies = &latencies;
        reading = true;
      }
    }
  });
  while (!reading) std::this_thread::yield();
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  for (int64_t i = 0; i < records; ++i) {
    const auto due = begin + std::chrono::nanoseconds(i * 1'000'000'000 / rate);
    if (Clock::now() < due) std::this_thread::sleep_until(due);
    send();
    rd_kafka_poll(producer, 0);
  }
  rd_kafka_flush(producer, 30000);
  reader.join();
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double q) {
    return static_cast<double>(latencies[static_cast<size_t>(q * static_cast<double>(latencies.size() - 1))]) * 1e-3;
  };
  char more[128];
  std::snprintf(more, sizeof more, R"(,"p50_us":%.1f,"p99_us":%.1f)", at(0.5), at(0.99));
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  report("latency", records, static_cast<double>(records) * 100, took, cpu_seconds() - cpu, more);
  rd_kafka_consume_stop(from, 0);
  rd_kafka_topic_destroy(from);
  rd_kafka_topic_destroy(to);
  rd_kafka_destroy(consumer);
  rd_kafka_destroy(producer);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 4) {
    std::fputs("usage: kz_kafka_load produce|single|fetch|latency BROKERS TOPIC NUMBER [NUMBER] [KEY=VALUE]...\n",
               stderr);
    return 2;
  }
  Options options;
  options.brokers = words[1];
  options.topic = words[2];
  std::vector<int64_t> numbers;
  for (size_t i = 3; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    if (equals == std::string::npos) {
      numbers.push_back(std::atoll(words[i].c_str()));
    } else {
      options.overrides.emplace_back(words[i].substr(0, equals), words[i].substr(equals + 1));
    }
  }
  if (words[0] == "fetch" && numbers.size() == 1) return fetch(options, numbers[0]);
  if (numbers.size() != 2) die("two numbers are needed");
  if (words[0] == "produce") {
    return produce("produce", options, numbers[0], static_cast<size_t>(numbers[1]),
                   {{"acks", "1"},
                    {"linger.ms", "5"},
                    {"batch.size", "1000000"},
                    {"batch.num.messages", "100000"},
                    {"queue.buffering.max.messages", "1000000"},
                    {"queue.buffering.max.kbytes", "262144"}});
  }
  if (words[0] == "single") {
    return produce("single", options, numbers[0], static_cast<size_t>(numbers[1]),
                   {{"acks", "1"},
                    {"linger.ms", "0"},
                    {"batch.num.messages", "1"},
                    {"queue.buffering.max.messages", "100000"},
                    {"max.in.flight.requests.per.connection", "1000"}});
  }
  if (words[0] == "latency") return latency(options, numbers[0], numbers[1]);
  die("no mode " + words[0]);
}
