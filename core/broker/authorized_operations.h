// The authorized operations of a resource as the bit field that Metadata, DescribeCluster and DescribeGroups answer:
// all that the resource type has, as without an authorizer. Source: AclEntry.supportedOperations, AclOperation.java,
// Utils.to32BitField @ 3.4.0.
#pragma once
#include <cstdint>

namespace kz::broker {

namespace acl_bit {
inline constexpr int32_t kRead = 1 << 3, kWrite = 1 << 4, kCreate = 1 << 5, kDelete = 1 << 6, kAlter = 1 << 7,
                         kDescribe = 1 << 8, kClusterAction = 1 << 9, kDescribeConfigs = 1 << 10,
                         kAlterConfigs = 1 << 11, kIdempotentWrite = 1 << 12;
}  // namespace acl_bit

inline constexpr int32_t kTopicOperations = acl_bit::kRead | acl_bit::kWrite | acl_bit::kCreate | acl_bit::kDelete |
                                            acl_bit::kAlter | acl_bit::kDescribe | acl_bit::kDescribeConfigs |
                                            acl_bit::kAlterConfigs;
inline constexpr int32_t kClusterOperations = acl_bit::kCreate | acl_bit::kAlter | acl_bit::kDescribe |
                                              acl_bit::kClusterAction | acl_bit::kDescribeConfigs |
                                              acl_bit::kAlterConfigs | acl_bit::kIdempotentWrite;
inline constexpr int32_t kGroupOperations = acl_bit::kRead | acl_bit::kDescribe | acl_bit::kDelete;

}  // namespace kz::broker
