// What the data path asks of the controller's side: topics made on first use. The controller implements it.
// Source: AutoTopicCreationManager.scala @ 3.4.0.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/kafka/error.h"

namespace kz::broker {

class TopicAdmin {
 public:
  // One code per topic, in the order asked. kNone: created, or being created.
  using Done = std::move_only_function<void(std::vector<kafka::ErrorCode>)>;
  virtual ~TopicAdmin() = default;
  // Creates topics with the defaults of the broker (internal topics with their own counts and configuration), without
  // waiting for their leaders. Any thread; done may come from any thread, also before the return.
  virtual void auto_create(std::vector<std::string> topics, Done done) = 0;
};

}  // namespace kz::broker
