#include "core/kafka/message/update_features.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(UpdateFeaturesRequest)
KZ_RESPONSE(UpdateFeaturesResponse)

}  // namespace kz::kafka
