// Kafka's wire errors: one table of code, name, Java exception, retriable and the text that tools print.
// Source: Errors.java @ 3.4.0. The texts are interface: scripts and people match them.
#pragma once
#include <cstdint>
#include <string_view>

namespace kz::kafka {

// X(code, enumerator, name token, "NAME", "Exception", retriable, "message")
// clang-format off
#define KZ_KAFKA_ERROR_TABLE(X) \
  X(-1, kUnknownServerError, UNKNOWN_SERVER_ERROR, "UNKNOWN_SERVER_ERROR", "UnknownServerException", false, \
    "The server experienced an unexpected error when processing the request.") \
  X(0, kNone, NONE, "NONE", "", false, \
    "") \
  X(1, kOffsetOutOfRange, OFFSET_OUT_OF_RANGE, "OFFSET_OUT_OF_RANGE", "OffsetOutOfRangeException", false, \
    "The requested offset is not within the range of offsets maintained by the server.") \
  X(2, kCorruptMessage, CORRUPT_MESSAGE, "CORRUPT_MESSAGE", "CorruptRecordException", true, \
    "This message has failed its CRC checksum, exceeds the valid size, has a null key for a compacted topic, or is otherwise corrupt.") \
  X(3, kUnknownTopicOrPartition, UNKNOWN_TOPIC_OR_PARTITION, "UNKNOWN_TOPIC_OR_PARTITION", "UnknownTopicOrPartitionException", true, \
    "This server does not host this topic-partition.") \
  X(4, kInvalidFetchSize, INVALID_FETCH_SIZE, "INVALID_FETCH_SIZE", "InvalidFetchSizeException", false, \
    "The requested fetch size is invalid.") \
  X(5, kLeaderNotAvailable, LEADER_NOT_AVAILABLE, "LEADER_NOT_AVAILABLE", "LeaderNotAvailableException", true, \
    "There is no leader for this topic-partition as we are in the middle of a leadership election.") \
  X(6, kNotLeaderOrFollower, NOT_LEADER_OR_FOLLOWER, "NOT_LEADER_OR_FOLLOWER", "NotLeaderOrFollowerException", true, \
    "For requests intended only for the leader, this error indicates that the broker is not the current leader. For requests intended for any replica, this error indicates that the broker is not a replica of the topic partition.") \
  X(7, kRequestTimedOut, REQUEST_TIMED_OUT, "REQUEST_TIMED_OUT", "TimeoutException", true, \
    "The request timed out.") \
  X(8, kBrokerNotAvailable, BROKER_NOT_AVAILABLE, "BROKER_NOT_AVAILABLE", "BrokerNotAvailableException", false, \
    "The broker is not available.") \
  X(9, kReplicaNotAvailable, REPLICA_NOT_AVAILABLE, "REPLICA_NOT_AVAILABLE", "ReplicaNotAvailableException", true, \
    "The replica is not available for the requested topic-partition. Produce/Fetch requests and other requests intended only for the leader or follower return NOT_LEADER_OR_FOLLOWER if the broker is not a replica of the topic-partition.") \
  X(10, kMessageTooLarge, MESSAGE_TOO_LARGE, "MESSAGE_TOO_LARGE", "RecordTooLargeException", false, \
    "The request included a message larger than the max message size the server will accept.") \
  X(11, kStaleControllerEpoch, STALE_CONTROLLER_EPOCH, "STALE_CONTROLLER_EPOCH", "ControllerMovedException", false, \
    "The controller moved to another broker.") \
  X(12, kOffsetMetadataTooLarge, OFFSET_METADATA_TOO_LARGE, "OFFSET_METADATA_TOO_LARGE", "OffsetMetadataTooLarge", false, \
    "The metadata field of the offset request was too large.") \
  X(13, kNetworkException, NETWORK_EXCEPTION, "NETWORK_EXCEPTION", "NetworkException", true, \
    "The server disconnected before a response was received.") \
  X(14, kCoordinatorLoadInProgress, COORDINATOR_LOAD_IN_PROGRESS, "COORDINATOR_LOAD_IN_PROGRESS", "CoordinatorLoadInProgressException", true, \
    "The coordinator is loading and hence can't process requests.") \
  X(15, kCoordinatorNotAvailable, COORDINATOR_NOT_AVAILABLE, "COORDINATOR_NOT_AVAILABLE", "CoordinatorNotAvailableException", true, \
    "The coordinator is not available.") \
  X(16, kNotCoordinator, NOT_COORDINATOR, "NOT_COORDINATOR", "NotCoordinatorException", true, \
    "This is not the correct coordinator.") \
  X(17, kInvalidTopicException, INVALID_TOPIC_EXCEPTION, "INVALID_TOPIC_EXCEPTION", "InvalidTopicException", false, \
    "The request attempted to perform an operation on an invalid topic.") \
  X(18, kRecordListTooLarge, RECORD_LIST_TOO_LARGE, "RECORD_LIST_TOO_LARGE", "RecordBatchTooLargeException", false, \
    "The request included message batch larger than the configured segment size on the server.") \
  X(19, kNotEnoughReplicas, NOT_ENOUGH_REPLICAS, "NOT_ENOUGH_REPLICAS", "NotEnoughReplicasException", true, \
    "Messages are rejected since there are fewer in-sync replicas than required.") \
  X(20, kNotEnoughReplicasAfterAppend, NOT_ENOUGH_REPLICAS_AFTER_APPEND, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "NotEnoughReplicasAfterAppendException", true, \
    "Messages are written to the log, but to fewer in-sync replicas than required.") \
  X(21, kInvalidRequiredAcks, INVALID_REQUIRED_ACKS, "INVALID_REQUIRED_ACKS", "InvalidRequiredAcksException", false, \
    "Produce request specified an invalid value for required acks.") \
  X(22, kIllegalGeneration, ILLEGAL_GENERATION, "ILLEGAL_GENERATION", "IllegalGenerationException", false, \
    "Specified group generation id is not valid.") \
  X(23, kInconsistentGroupProtocol, INCONSISTENT_GROUP_PROTOCOL, "INCONSISTENT_GROUP_PROTOCOL", "InconsistentGroupProtocolException", false, \
    "") \
  X(24, kInvalidGroupId, INVALID_GROUP_ID, "INVALID_GROUP_ID", "InvalidGroupIdException", false, \
    "The configured groupId is invalid.") \
  X(25, kUnknownMemberId, UNKNOWN_MEMBER_ID, "UNKNOWN_MEMBER_ID", "UnknownMemberIdException", false, \
    "The coordinator is not aware of this member.") \
  X(26, kInvalidSessionTimeout, INVALID_SESSION_TIMEOUT, "INVALID_SESSION_TIMEOUT", "InvalidSessionTimeoutException", false, \
    "") \
  X(27, kRebalanceInProgress, REBALANCE_IN_PROGRESS, "REBALANCE_IN_PROGRESS", "RebalanceInProgressException", false, \
    "The group is rebalancing, so a rejoin is needed.") \
  X(28, kInvalidCommitOffsetSize, INVALID_COMMIT_OFFSET_SIZE, "INVALID_COMMIT_OFFSET_SIZE", "InvalidCommitOffsetSizeException", false, \
    "The committing offset data size is not valid.") \
  X(29, kTopicAuthorizationFailed, TOPIC_AUTHORIZATION_FAILED, "TOPIC_AUTHORIZATION_FAILED", "TopicAuthorizationException", false, \
    "Topic authorization failed.") \
  X(30, kGroupAuthorizationFailed, GROUP_AUTHORIZATION_FAILED, "GROUP_AUTHORIZATION_FAILED", "GroupAuthorizationException", false, \
    "Group authorization failed.") \
  X(31, kClusterAuthorizationFailed, CLUSTER_AUTHORIZATION_FAILED, "CLUSTER_AUTHORIZATION_FAILED", "ClusterAuthorizationException", false, \
    "Cluster authorization failed.") \
  X(32, kInvalidTimestamp, INVALID_TIMESTAMP, "INVALID_TIMESTAMP", "InvalidTimestampException", false, \
    "The timestamp of the message is out of acceptable range.") \
  X(33, kUnsupportedSaslMechanism, UNSUPPORTED_SASL_MECHANISM, "UNSUPPORTED_SASL_MECHANISM", "UnsupportedSaslMechanismException", false, \
    "The broker does not support the requested SASL mechanism.") \
  X(34, kIllegalSaslState, ILLEGAL_SASL_STATE, "ILLEGAL_SASL_STATE", "IllegalSaslStateException", false, \
    "Request is not valid given the current SASL state.") \
  X(35, kUnsupportedVersion, UNSUPPORTED_VERSION, "UNSUPPORTED_VERSION", "UnsupportedVersionException", false, \
    "The version of API is not supported.") \
  X(36, kTopicAlreadyExists, TOPIC_ALREADY_EXISTS, "TOPIC_ALREADY_EXISTS", "TopicExistsException", false, \
    "Topic with this name already exists.") \
  X(37, kInvalidPartitions, INVALID_PARTITIONS, "INVALID_PARTITIONS", "InvalidPartitionsException", false, \
    "Number of partitions is below 1.") \
  X(38, kInvalidReplicationFactor, INVALID_REPLICATION_FACTOR, "INVALID_REPLICATION_FACTOR", "InvalidReplicationFactorException", false, \
    "Replication factor is below 1 or larger than the number of available brokers.") \
  X(39, kInvalidReplicaAssignment, INVALID_REPLICA_ASSIGNMENT, "INVALID_REPLICA_ASSIGNMENT", "InvalidReplicaAssignmentException", false, \
    "Replica assignment is invalid.") \
  X(40, kInvalidConfig, INVALID_CONFIG, "INVALID_CONFIG", "InvalidConfigurationException", false, \
    "Configuration is invalid.") \
  X(41, kNotController, NOT_CONTROLLER, "NOT_CONTROLLER", "NotControllerException", true, \
    "This is not the correct controller for this cluster.") \
  X(42, kInvalidRequest, INVALID_REQUEST, "INVALID_REQUEST", "InvalidRequestException", false, \
    "This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details.") \
  X(43, kUnsupportedForMessageFormat, UNSUPPORTED_FOR_MESSAGE_FORMAT, "UNSUPPORTED_FOR_MESSAGE_FORMAT", "UnsupportedForMessageFormatException", false, \
    "The message format version on the broker does not support the request.") \
  X(44, kPolicyViolation, POLICY_VIOLATION, "POLICY_VIOLATION", "PolicyViolationException", false, \
    "Request parameters do not satisfy the configured policy.") \
  X(45, kOutOfOrderSequenceNumber, OUT_OF_ORDER_SEQUENCE_NUMBER, "OUT_OF_ORDER_SEQUENCE_NUMBER", "OutOfOrderSequenceException", false, \
    "The broker received an out of order sequence number.") \
  X(46, kDuplicateSequenceNumber, DUPLICATE_SEQUENCE_NUMBER, "DUPLICATE_SEQUENCE_NUMBER", "DuplicateSequenceException", false, \
    "The broker received a duplicate sequence number.") \
  X(47, kInvalidProducerEpoch, INVALID_PRODUCER_EPOCH, "INVALID_PRODUCER_EPOCH", "InvalidProducerEpochException", false, \
    "Producer attempted to produce with an old epoch.") \
  X(48, kInvalidTxnState, INVALID_TXN_STATE, "INVALID_TXN_STATE", "InvalidTxnStateException", false, \
    "The producer attempted a transactional operation in an invalid state.") \
  X(49, kInvalidProducerIdMapping, INVALID_PRODUCER_ID_MAPPING, "INVALID_PRODUCER_ID_MAPPING", "InvalidPidMappingException", false, \
    "The producer attempted to use a producer id which is not currently assigned to its transactional id.") \
  X(50, kInvalidTransactionTimeout, INVALID_TRANSACTION_TIMEOUT, "INVALID_TRANSACTION_TIMEOUT", "InvalidTxnTimeoutException", false, \
    "The transaction timeout is larger than the maximum value allowed by the broker (as configured by transaction.max.timeout.ms).") \
  X(51, kConcurrentTransactions, CONCURRENT_TRANSACTIONS, "CONCURRENT_TRANSACTIONS", "ConcurrentTransactionsException", true, \
    "The producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing.") \
  X(52, kTransactionCoordinatorFenced, TRANSACTION_COORDINATOR_FENCED, "TRANSACTION_COORDINATOR_FENCED", "TransactionCoordinatorFencedException", false, \
    "Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the current coordinator for a given producer.") \
  X(53, kTransactionalIdAuthorizationFailed, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "TransactionalIdAuthorizationException", false, \
    "Transactional Id authorization failed.") \
  X(54, kSecurityDisabled, SECURITY_DISABLED, "SECURITY_DISABLED", "SecurityDisabledException", false, \
    "Security features are disabled.") \
  X(55, kOperationNotAttempted, OPERATION_NOT_ATTEMPTED, "OPERATION_NOT_ATTEMPTED", "OperationNotAttemptedException", false, \
    "The broker did not attempt to execute this operation. This may happen for batched RPCs where some operations in the batch failed, causing the broker to respond without trying the rest.") \
  X(56, kKafkaStorageError, KAFKA_STORAGE_ERROR, "KAFKA_STORAGE_ERROR", "KafkaStorageException", true, \
    "Disk error when trying to access log file on the disk.") \
  X(57, kLogDirNotFound, LOG_DIR_NOT_FOUND, "LOG_DIR_NOT_FOUND", "LogDirNotFoundException", false, \
    "The user-specified log directory is not found in the broker config.") \
  X(58, kSaslAuthenticationFailed, SASL_AUTHENTICATION_FAILED, "SASL_AUTHENTICATION_FAILED", "SaslAuthenticationException", false, \
    "SASL Authentication failed.") \
  X(59, kUnknownProducerId, UNKNOWN_PRODUCER_ID, "UNKNOWN_PRODUCER_ID", "UnknownProducerIdException", false, \
    "This exception is raised by the broker if it could not locate the producer metadata associated with the producerId in question. This could happen if, for instance, the producer's records were deleted because their retention time had elapsed. Once the last records of the producerId are removed, the producer's metadata is removed from the broker, and future appends by the producer will return this exception.") \
  X(60, kReassignmentInProgress, REASSIGNMENT_IN_PROGRESS, "REASSIGNMENT_IN_PROGRESS", "ReassignmentInProgressException", false, \
    "A partition reassignment is in progress.") \
  X(61, kDelegationTokenAuthDisabled, DELEGATION_TOKEN_AUTH_DISABLED, "DELEGATION_TOKEN_AUTH_DISABLED", "DelegationTokenDisabledException", false, \
    "Delegation Token feature is not enabled.") \
  X(62, kDelegationTokenNotFound, DELEGATION_TOKEN_NOT_FOUND, "DELEGATION_TOKEN_NOT_FOUND", "DelegationTokenNotFoundException", false, \
    "Delegation Token is not found on server.") \
  X(63, kDelegationTokenOwnerMismatch, DELEGATION_TOKEN_OWNER_MISMATCH, "DELEGATION_TOKEN_OWNER_MISMATCH", "DelegationTokenOwnerMismatchException", false, \
    "Specified Principal is not valid Owner/Renewer.") \
  X(64, kDelegationTokenRequestNotAllowed, DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", "UnsupportedByAuthenticationException", false, \
    "Delegation Token requests are not allowed on PLAINTEXT/1-way SSL channels and on delegation token authenticated channels.") \
  X(65, kDelegationTokenAuthorizationFailed, DELEGATION_TOKEN_AUTHORIZATION_FAILED, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", "DelegationTokenAuthorizationException", false, \
    "Delegation Token authorization failed.") \
  X(66, kDelegationTokenExpired, DELEGATION_TOKEN_EXPIRED, "DELEGATION_TOKEN_EXPIRED", "DelegationTokenExpiredException", false, \
    "Delegation Token is expired.") \
  X(67, kInvalidPrincipalType, INVALID_PRINCIPAL_TYPE, "INVALID_PRINCIPAL_TYPE", "InvalidPrincipalTypeException", false, \
    "Supplied principalType is not supported.") \
  X(68, kNonEmptyGroup, NON_EMPTY_GROUP, "NON_EMPTY_GROUP", "GroupNotEmptyException", false, \
    "The group is not empty.") \
  X(69, kGroupIdNotFound, GROUP_ID_NOT_FOUND, "GROUP_ID_NOT_FOUND", "GroupIdNotFoundException", false, \
    "The group id does not exist.") \
  X(70, kFetchSessionIdNotFound, FETCH_SESSION_ID_NOT_FOUND, "FETCH_SESSION_ID_NOT_FOUND", "FetchSessionIdNotFoundException", true, \
    "The fetch session ID was not found.") \
  X(71, kInvalidFetchSessionEpoch, INVALID_FETCH_SESSION_EPOCH, "INVALID_FETCH_SESSION_EPOCH", "InvalidFetchSessionEpochException", true, \
    "The fetch session epoch is invalid.") \
  X(72, kListenerNotFound, LISTENER_NOT_FOUND, "LISTENER_NOT_FOUND", "ListenerNotFoundException", true, \
    "There is no listener on the leader broker that matches the listener on which metadata request was processed.") \
  X(73, kTopicDeletionDisabled, TOPIC_DELETION_DISABLED, "TOPIC_DELETION_DISABLED", "TopicDeletionDisabledException", false, \
    "Topic deletion is disabled.") \
  X(74, kFencedLeaderEpoch, FENCED_LEADER_EPOCH, "FENCED_LEADER_EPOCH", "FencedLeaderEpochException", true, \
    "The leader epoch in the request is older than the epoch on the broker.") \
  X(75, kUnknownLeaderEpoch, UNKNOWN_LEADER_EPOCH, "UNKNOWN_LEADER_EPOCH", "UnknownLeaderEpochException", true, \
    "The leader epoch in the request is newer than the epoch on the broker.") \
  X(76, kUnsupportedCompressionType, UNSUPPORTED_COMPRESSION_TYPE, "UNSUPPORTED_COMPRESSION_TYPE", "UnsupportedCompressionTypeException", false, \
    "The requesting client does not support the compression type of given partition.") \
  X(77, kStaleBrokerEpoch, STALE_BROKER_EPOCH, "STALE_BROKER_EPOCH", "StaleBrokerEpochException", false, \
    "Broker epoch has changed.") \
  X(78, kOffsetNotAvailable, OFFSET_NOT_AVAILABLE, "OFFSET_NOT_AVAILABLE", "OffsetNotAvailableException", true, \
    "The leader high watermark has not caught up from a recent leader election so the offsets cannot be guaranteed to be monotonically increasing.") \
  X(79, kMemberIdRequired, MEMBER_ID_REQUIRED, "MEMBER_ID_REQUIRED", "MemberIdRequiredException", false, \
    "The group member needs to have a valid member id before actually entering a consumer group.") \
  X(80, kPreferredLeaderNotAvailable, PREFERRED_LEADER_NOT_AVAILABLE, "PREFERRED_LEADER_NOT_AVAILABLE", "PreferredLeaderNotAvailableException", true, \
    "The preferred leader was not available.") \
  X(81, kGroupMaxSizeReached, GROUP_MAX_SIZE_REACHED, "GROUP_MAX_SIZE_REACHED", "GroupMaxSizeReachedException", false, \
    "The consumer group has reached its max size.") \
  X(82, kFencedInstanceId, FENCED_INSTANCE_ID, "FENCED_INSTANCE_ID", "FencedInstanceIdException", false, \
    "The broker rejected this static consumer since another consumer with the same group.instance.id has registered with a different member.id.") \
  X(83, kEligibleLeadersNotAvailable, ELIGIBLE_LEADERS_NOT_AVAILABLE, "ELIGIBLE_LEADERS_NOT_AVAILABLE", "EligibleLeadersNotAvailableException", true, \
    "Eligible topic partition leaders are not available.") \
  X(84, kElectionNotNeeded, ELECTION_NOT_NEEDED, "ELECTION_NOT_NEEDED", "ElectionNotNeededException", true, \
    "Leader election not needed for topic partition.") \
  X(85, kNoReassignmentInProgress, NO_REASSIGNMENT_IN_PROGRESS, "NO_REASSIGNMENT_IN_PROGRESS", "NoReassignmentInProgressException", false, \
    "No partition reassignment is in progress.") \
  X(86, kGroupSubscribedToTopic, GROUP_SUBSCRIBED_TO_TOPIC, "GROUP_SUBSCRIBED_TO_TOPIC", "GroupSubscribedToTopicException", false, \
    "Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it.") \
  X(87, kInvalidRecord, INVALID_RECORD, "INVALID_RECORD", "InvalidRecordException", false, \
    "This record has failed the validation on broker and hence will be rejected.") \
  X(88, kUnstableOffsetCommit, UNSTABLE_OFFSET_COMMIT, "UNSTABLE_OFFSET_COMMIT", "UnstableOffsetCommitException", true, \
    "There are unstable offsets that need to be cleared.") \
  X(89, kThrottlingQuotaExceeded, THROTTLING_QUOTA_EXCEEDED, "THROTTLING_QUOTA_EXCEEDED", "ThrottlingQuotaExceededException", true, \
    "The throttling quota has been exceeded.") \
  X(90, kProducerFenced, PRODUCER_FENCED, "PRODUCER_FENCED", "ProducerFencedException", false, \
    "There is a newer producer with the same transactionalId which fences the current one.") \
  X(91, kResourceNotFound, RESOURCE_NOT_FOUND, "RESOURCE_NOT_FOUND", "ResourceNotFoundException", false, \
    "A request illegally referred to a resource that does not exist.") \
  X(92, kDuplicateResource, DUPLICATE_RESOURCE, "DUPLICATE_RESOURCE", "DuplicateResourceException", false, \
    "A request illegally referred to the same resource twice.") \
  X(93, kUnacceptableCredential, UNACCEPTABLE_CREDENTIAL, "UNACCEPTABLE_CREDENTIAL", "UnacceptableCredentialException", false, \
    "Requested credential would not meet criteria for acceptability.") \
  X(94, kInconsistentVoterSet, INCONSISTENT_VOTER_SET, "INCONSISTENT_VOTER_SET", "InconsistentVoterSetException", false, \
    "Indicates that the either the sender or recipient of a voter-only request is not one of the expected voters") \
  X(95, kInvalidUpdateVersion, INVALID_UPDATE_VERSION, "INVALID_UPDATE_VERSION", "InvalidUpdateVersionException", false, \
    "The given update version was invalid.") \
  X(96, kFeatureUpdateFailed, FEATURE_UPDATE_FAILED, "FEATURE_UPDATE_FAILED", "FeatureUpdateFailedException", false, \
    "Unable to update finalized features due to an unexpected server error.") \
  X(97, kPrincipalDeserializationFailure, PRINCIPAL_DESERIALIZATION_FAILURE, "PRINCIPAL_DESERIALIZATION_FAILURE", "PrincipalDeserializationException", false, \
    "Request principal deserialization failed during forwarding. This indicates an internal error on the broker cluster security setup.") \
  X(98, kSnapshotNotFound, SNAPSHOT_NOT_FOUND, "SNAPSHOT_NOT_FOUND", "SnapshotNotFoundException", false, \
    "Requested snapshot was not found") \
  X(99, kPositionOutOfRange, POSITION_OUT_OF_RANGE, "POSITION_OUT_OF_RANGE", "PositionOutOfRangeException", false, \
    "") \
  X(100, kUnknownTopicId, UNKNOWN_TOPIC_ID, "UNKNOWN_TOPIC_ID", "UnknownTopicIdException", true, \
    "This server does not host this topic ID.") \
  X(101, kDuplicateBrokerRegistration, DUPLICATE_BROKER_REGISTRATION, "DUPLICATE_BROKER_REGISTRATION", "DuplicateBrokerRegistrationException", false, \
    "This broker ID is already in use.") \
  X(102, kBrokerIdNotRegistered, BROKER_ID_NOT_REGISTERED, "BROKER_ID_NOT_REGISTERED", "BrokerIdNotRegisteredException", false, \
    "The given broker ID was not registered.") \
  X(103, kInconsistentTopicId, INCONSISTENT_TOPIC_ID, "INCONSISTENT_TOPIC_ID", "InconsistentTopicIdException", true, \
    "The log's topic ID did not match the topic ID in the request") \
  X(104, kInconsistentClusterId, INCONSISTENT_CLUSTER_ID, "INCONSISTENT_CLUSTER_ID", "InconsistentClusterIdException", false, \
    "The clusterId in the request does not match that found on the server") \
  X(105, kTransactionalIdNotFound, TRANSACTIONAL_ID_NOT_FOUND, "TRANSACTIONAL_ID_NOT_FOUND", "TransactionalIdNotFoundException", false, \
    "The transactionalId could not be found") \
  X(106, kFetchSessionTopicIdError, FETCH_SESSION_TOPIC_ID_ERROR, "FETCH_SESSION_TOPIC_ID_ERROR", "FetchSessionTopicIdException", true, \
    "The fetch session encountered inconsistent topic ID usage") \
  X(107, kIneligibleReplica, INELIGIBLE_REPLICA, "INELIGIBLE_REPLICA", "IneligibleReplicaException", false, \
    "The new ISR contains at least one ineligible replica.") \
  X(108, kNewLeaderElected, NEW_LEADER_ELECTED, "NEW_LEADER_ELECTED", "NewLeaderElectedException", false, \
    "The AlterPartition request successfully updated the partition state but the leader has changed.")
// clang-format on

enum class ErrorCode : int16_t {
#define X(code, enumerator, token, name, exception, retriable, message) enumerator = code,
  KZ_KAFKA_ERROR_TABLE(X)
#undef X
};

// "TOPIC_ALREADY_EXISTS"; "UNKNOWN_SERVER_ERROR" for codes not in the table.
std::string_view error_name(ErrorCode code);
// "org.apache.kafka.common.errors.TopicExistsException"; empty for NONE.
std::string_view error_exception(ErrorCode code);
// Java's default message of the exception.
std::string_view error_message(ErrorCode code);
bool error_retriable(ErrorCode code);

}  // namespace kz::kafka
