// The names of ZooKeeper's metrics, each once. The order is that of mntr: Java prints them in the order of its hash
// tables, which is the same in every 3.8 server. Source: ServerMetrics, DefaultMetricsProvider @ 3.8.0. Some count what
// only the Java server has: jvm_pause, netty_queued_buffer, dead_watcher*, response_packet_cache, commit- and
// prep-processor queues (here a request runs to completion on its reactor), om_*. They are listed because dashboards
// ask for them, and stay 0.
#pragma once

#define KZ_ZK_COUNTERS(X)                                                                    \
  X(kProposalCount, "proposal_count")                                                        \
  X(kWatchBytes, "watch_bytes")                                                              \
  X(kOutstandingChangesRemoved, "outstanding_changes_removed")                               \
  X(kThrottledOps, "throttled_ops")                                                          \
  X(kStaleRequestsDropped, "stale_requests_dropped")                                         \
  X(kLargeRequestsRejected, "large_requests_rejected")                                       \
  X(kInsecureAdminCount, "insecure_admin_count")                                             \
  X(kConnectionRejected, "connection_rejected")                                              \
  X(kCnxnClosedWithoutZkServerRunning, "cnxn_closed_without_zk_server_running")              \
  X(kSessionlessConnectionsExpired, "sessionless_connections_expired")                       \
  X(kLookingCount, "looking_count")                                                          \
  X(kDeadWatchersQueued, "dead_watchers_queued")                                             \
  X(kStaleRequests, "stale_requests")                                                        \
  X(kConnectionDropCount, "connection_drop_count")                                           \
  X(kLearnerProposalReceivedCount, "learner_proposal_received_count")                        \
  X(kDigestMismatchesCount, "digest_mismatches_count")                                       \
  X(kDeadWatchersCleared, "dead_watchers_cleared")                                           \
  X(kResponsePacketCacheHits, "response_packet_cache_hits")                                  \
  X(kBytesReceivedCount, "bytes_received_count")                                             \
  X(kAddDeadWatcherStallTime, "add_dead_watcher_stall_time")                                 \
  X(kRequestThrottleWaitCount, "request_throttle_wait_count")                                \
  X(kRequestsNotForwardedToCommitProcessor, "requests_not_forwarded_to_commit_processor")    \
  X(kResponsePacketCacheMisses, "response_packet_cache_misses")                              \
  X(kEnsembleAuthSuccess, "ensemble_auth_success")                                           \
  X(kPrepProcessorRequestQueued, "prep_processor_request_queued")                            \
  X(kLearnerCommitReceivedCount, "learner_commit_received_count")                            \
  X(kStaleReplies, "stale_replies")                                                          \
  X(kConnectionRequestCount, "connection_request_count")                                     \
  X(kResponseBytes, "response_bytes")                                                        \
  X(kEnsembleAuthFail, "ensemble_auth_fail")                                                 \
  X(kDiffCount, "diff_count")                                                                \
  X(kResponsePacketGetChildrenCacheMisses, "response_packet_get_children_cache_misses")      \
  X(kConnectionRevalidateCount, "connection_revalidate_count")                               \
  X(kQuitLeadingDueToDisloyalVoter, "quit_leading_due_to_disloyal_voter")                    \
  X(kSnapCount, "snap_count")                                                                \
  X(kUnrecoverableErrorCount, "unrecoverable_error_count")                                   \
  X(kUnsuccessfulHandshake, "unsuccessful_handshake")                                        \
  X(kCommitCount, "commit_count")                                                            \
  X(kStaleSessionsExpired, "stale_sessions_expired")                                         \
  X(kResponsePacketGetChildrenCacheHits, "response_packet_get_children_cache_hits")          \
  X(kSyncProcessorRequestQueued, "sync_processor_request_queued")                            \
  X(kOutstandingChangesQueued, "outstanding_changes_queued")                                 \
  X(kRequestCommitQueued, "request_commit_queued")                                           \
  X(kEnsembleAuthSkip, "ensemble_auth_skip")                                                 \
  X(kSkipLearnerRequestToNextProcessorCount, "skip_learner_request_to_next_processor_count") \
  X(kTlsHandshakeExceeded, "tls_handshake_exceeded")                                         \
  X(kRevalidateCount, "revalidate_count")

#define KZ_ZK_BASIC_SUMMARIES(X)                                                                         \
  X(kSocketClosingTime, "socket_closing_time")                                                           \
  X(kProposalProcessTime, "proposal_process_time")                                                       \
  X(kLeaderUnavailableTime, "leader_unavailable_time")                                                   \
  X(kNodeCreatedWatchCount, "node_created_watch_count")                                                  \
  X(kSessionQueuesDrained, "session_queues_drained")                                                     \
  X(kWriteCommitProcReqQueued, "write_commit_proc_req_queued")                                           \
  X(kConnectionTokenDeficit, "connection_token_deficit")                                                 \
  X(kReadCommitProcReqQueued, "read_commit_proc_req_queued")                                             \
  X(kNodeDeletedWatchCount, "node_deleted_watch_count")                                                  \
  X(kStartupTxnsLoadTime, "startup_txns_load_time")                                                      \
  X(kSyncProcessorQueueSize, "sync_processor_queue_size")                                                \
  X(kFollowerSyncTime, "follower_sync_time")                                                             \
  X(kPrepProcessorQueueSize, "prep_processor_queue_size")                                                \
  X(kFsyncTime, "fsynctime")                                                                             \
  X(kInflightSnapCount, "inflight_snap_count")                                                           \
  X(kReadsIssuedFromSessionQueue, "reads_issued_from_session_queue")                                     \
  X(kLearnerRequestProcessorQueueSize, "learner_request_processor_queue_size")                           \
  X(kSnapshotTime, "snapshottime")                                                                       \
  X(kUnavailableTime, "unavailable_time")                                                                \
  X(kStartupTxnsLoaded, "startup_txns_loaded")                                                           \
  X(kReadsAfterWriteInSessionQueue, "reads_after_write_in_session_queue")                                \
  X(kRequestsInSessionQueue, "requests_in_session_queue")                                                \
  X(kWriteCommitProcIssued, "write_commit_proc_issued")                                                  \
  X(kPrepProcessTime, "prep_process_time")                                                               \
  X(kPendingSessionQueueSize, "pending_session_queue_size")                                              \
  X(kTimeWaitingEmptyPoolInCommitProcessorReadMs, "time_waiting_empty_pool_in_commit_processor_read_ms") \
  X(kCommitProcessTime, "commit_process_time")                                                           \
  X(kDbInitTime, "dbinittime")                                                                           \
  X(kInflightDiffCount, "inflight_diff_count")                                                           \
  X(kNettyQueuedBufferCapacity, "netty_queued_buffer_capacity")                                          \
  X(kElectionTime, "election_time")                                                                      \
  X(kCommitCommitProcReqQueued, "commit_commit_proc_req_queued")                                         \
  X(kSyncProcessorBatchSize, "sync_processor_batch_size")                                                \
  X(kNodeChildrenWatchCount, "node_children_watch_count")                                                \
  X(kWriteBatchTimeInCommitProcessor, "write_batch_time_in_commit_processor")                            \
  X(kReadCommitProcIssued, "read_commit_proc_issued")                                                    \
  X(kConcurrentRequestProcessingInCommitProcessor, "concurrent_request_processing_in_commit_processor")  \
  X(kObserverSyncTime, "observer_sync_time")                                                             \
  X(kNodeChangedWatchCount, "node_changed_watch_count")                                                  \
  X(kSyncProcessTime, "sync_process_time")                                                               \
  X(kStartupSnapLoadTime, "startup_snap_load_time")

#define KZ_ZK_PERCENTILE_SUMMARIES(X)                                            \
  X(kPrepProcessorQueueTimeMs, "prep_processor_queue_time_ms")                   \
  X(kJvmPauseTimeMs, "jvm_pause_time_ms")                                        \
  X(kCloseSessionPrepTime, "close_session_prep_time")                            \
  X(kReadCommitprocTimeMs, "read_commitproc_time_ms")                            \
  X(kUpdateLatency, "updatelatency")                                             \
  X(kLocalWriteCommittedTimeMs, "local_write_committed_time_ms")                 \
  X(kRequestThrottleQueueTimeMs, "request_throttle_queue_time_ms")               \
  X(kReadLatency, "readlatency")                                                 \
  X(kQuorumAckLatency, "quorum_ack_latency")                                     \
  X(kOmCommitProcessTimeMs, "om_commit_process_time_ms")                         \
  X(kReadFinalProcTimeMs, "read_final_proc_time_ms")                             \
  X(kCommitPropagationLatency, "commit_propagation_latency")                     \
  X(kDeadWatchersCleanerLatency, "dead_watchers_cleaner_latency")                \
  X(kWriteFinalProcTimeMs, "write_final_proc_time_ms")                           \
  X(kProposalAckCreationLatency, "proposal_ack_creation_latency")                \
  X(kProposalLatency, "proposal_latency")                                        \
  X(kOmProposalProcessTimeMs, "om_proposal_process_time_ms")                     \
  X(kSyncProcessorQueueAndFlushTimeMs, "sync_processor_queue_and_flush_time_ms") \
  X(kPropagationLatency, "propagation_latency")                                  \
  X(kServerWriteCommittedTimeMs, "server_write_committed_time_ms")               \
  X(kSyncProcessorQueueTimeMs, "sync_processor_queue_time_ms")                   \
  X(kSyncProcessorQueueFlushTimeMs, "sync_processor_queue_flush_time_ms")        \
  X(kWriteCommitprocTimeMs, "write_commitproc_time_ms")

// By key: a server id, or the first component of a path.
#define KZ_ZK_BASIC_SUMMARY_SETS(X)                   \
  X(kLearnerHandlerQpSize, "learner_handler_qp_size") \
  X(kReadPerNamespace, "read_per_namespace")          \
  X(kWritePerNamespace, "write_per_namespace")

#define KZ_ZK_PERCENTILE_SUMMARY_SETS(X) \
  X(kAckLatency, "ack_latency")          \
  X(kLearnerHandlerQpTimeMs, "learner_handler_qp_time_ms")

#define KZ_ZK_COUNTER_SETS(X) X(kQuotaExceededErrorPerNamespace, "quota_exceeded_error_per_namespace")
