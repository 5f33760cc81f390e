// Fetch: reads from partitions, waiting for min_bytes up to max_wait. Source: KafkaApis.handleFetchRequest @ 3.4.0.
// Sessions (KIP-227) are answered with id 0, which tells the client to send full requests: it must not be given an id
// that nobody remembers.
#include <algorithm>
#include <memory>
#include <utility>

#include "core/broker/api/handlers.h"
#include "core/broker/fetch_operation.h"

namespace kz::broker {

using kafka::ErrorCode;

namespace {
// Request.scala: a reader that is neither broker nor consumer.
constexpr int32_t kDebuggingReplica = -2;
}  // namespace

void handle_fetch(Broker& broker, RequestContext& context, kafka::FetchRequest&& request) {
  // No session can exist, so a request within one is refused whole (FetchManager.newContext); epochs 0 and -1 ask for a
  // full fetch, whatever the id.
  if (request.session_epoch > 0) {
    kafka::FetchResponse response;
    response.error_code = ErrorCode::kFetchSessionIdNotFound;
    context.respond(response);
    return;
  }
  FetchOperation::Options options;
  options.max_bytes = std::min(request.max_bytes, broker.config().fetch_max_bytes);
  options.min_bytes = std::min<int64_t>(request.min_bytes, options.max_bytes);
  if (request.isolation_level == 1) options.isolation = FetchIsolation::kCommitted;
  if (request.replica_id == kDebuggingReplica || request.replica_id >= 0) options.isolation = FetchIsolation::kLogEnd;
  FetchOperation::run(std::make_shared<FetchOperation>(broker, context.respond_later(), std::move(request), options));
}

}  // namespace kz::broker
