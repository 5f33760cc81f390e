// InitProducerId: a fresh producer id for an idempotent producer. Source: KafkaApis.handleInitProducerIdRequest,
// TransactionCoordinator.handleInitProducerId @ 3.4.0.
#include "core/kafka/message/init_producer_id.h"

#include <memory>
#include <utility>

#include "core/broker/api/handlers.h"
#include "core/broker/producer_ids.h"

namespace kz::broker {

using kafka::ErrorCode;

void handle_init_producer_id(Broker& broker, RequestContext& context, kafka::InitProducerIdRequest&& request) {
  kafka::InitProducerIdResponse response;
  response.producer_epoch = -1;
  const bool one_of_two = (request.producer_id < 0) != (request.producer_epoch < 0);
  if (request.transactional_id && request.transactional_id->empty()) {
    response.error_code = ErrorCode::kInvalidRequest;
  } else if (request.transactional_id) {
    // Transactions are not served: this one is final for every client and names the id.
    response.error_code = ErrorCode::kTransactionalIdAuthorizationFailed;
  } else if (one_of_two) {
    response.error_code = ErrorCode::kInvalidRequest;
  } else if (broker.producer_ids == nullptr) {
    response.error_code = ErrorCode::kCoordinatorNotAvailable;
  }
  if (response.error_code != ErrorCode::kNone) {
    context.respond(response);
    return;
  }
  // Without a transactional id the given id and epoch say nothing: such a producer always starts anew.
  auto later = std::make_shared<RequestContext>(context.respond_later());
  broker.producer_ids->next([later](KafkaResult<int64_t> id) {
    kafka::InitProducerIdResponse answer;
    if (id) {
      answer.producer_id = *id;
      answer.producer_epoch = 0;
    } else {
      answer.error_code = id.error();
      answer.producer_epoch = -1;
    }
    later->respond(answer);
  });
}

}  // namespace kz::broker
