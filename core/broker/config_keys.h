// The one table of broker and topic configuration keys: type, default, what is allowed, how it may change at run time,
// whether this build acts on it. Source: KafkaConfig.scala, LogConfig.scala, DynamicBrokerConfig.scala @ 3.4.0;
// tests/golden/kafka_config holds the facts that a test compares it with.
#pragma once

// clang-format off
// X(kind, member, "key", default or nullptr, constraint, dynamic, honoured, "documentation")
#define KZ_BROKER_CONFIG_TABLE(X) \
  X(StringOrNull, advertised_listeners, "advertised.listeners", nullptr, Constraint::none(), kPerBroker, true, "Addresses published to ZK and clients; default is listeners") \
  X(ClassOrNull, alter_config_policy_class_name, "alter.config.policy.class.name", nullptr, Constraint::none(), kReadOnly, false, "Plugin validating config changes") \
  X(Int, alter_log_dirs_replication_quota_window_num, "alter.log.dirs.replication.quota.window.num", "11", Constraint::at_least(1), kReadOnly, false, "Samples for log-dir move quotas") \
  X(Int, alter_log_dirs_replication_quota_window_size_seconds, "alter.log.dirs.replication.quota.window.size.seconds", "1", Constraint::at_least(1), kReadOnly, false, "Sample length of log-dir move quotas") \
  X(String, authorizer_class_name, "authorizer.class.name", "", Constraint::none(), kReadOnly, false, "Authorizer implementation; empty disables authorization") \
  X(Boolean, auto_create_topics_enable, "auto.create.topics.enable", "true", Constraint::none(), kReadOnly, true, "Create unknown topics on metadata request") \
  X(Boolean, auto_include_jmx_reporter, "auto.include.jmx.reporter", "true", Constraint::none(), kReadOnly, false, "Add JMX reporter implicitly (added 3.4)") \
  X(Boolean, auto_leader_rebalance_enable, "auto.leader.rebalance.enable", "true", Constraint::none(), kReadOnly, true, "Periodically move leaders to preferred replicas") \
  X(Int, background_threads, "background.threads", "10", Constraint::at_least(1), kClusterWide, false, "Scheduler threads for housekeeping") \
  X(Int, broker_id, "broker.id", "-1", Constraint::none(), kReadOnly, true, "Unique broker number; -1 means generate") \
  X(Boolean, broker_id_generation_enable, "broker.id.generation.enable", "true", Constraint::none(), kReadOnly, true, "Allocate broker id from /brokers/seqid when broker.id is -1") \
  X(StringOrNull, broker_rack, "broker.rack", nullptr, Constraint::none(), kReadOnly, true, "Rack label used by rack-aware assignment and fetch") \
  X(ClassOrNull, client_quota_callback_class, "client.quota.callback.class", nullptr, Constraint::none(), kReadOnly, false, "Plugin computing client quotas") \
  X(String, compression_type, "compression.type", "producer", Constraint::one_of("uncompressed,zstd,lz4,snappy,gzip,producer"), kClusterWide, true, "producer keeps codec; else recompress to named codec") \
  X(Int, connection_failed_authentication_delay_ms, "connection.failed.authentication.delay.ms", "100", Constraint::at_least(0), kReadOnly, false, "Delay before closing after failed authentication") \
  X(Long, connections_max_idle_ms, "connections.max.idle.ms", "600000", Constraint::none(), kReadOnly, true, "Close connections idle this long") \
  X(Long, connections_max_reauth_ms, "connections.max.reauth.ms", "0", Constraint::none(), kReadOnly, false, "SASL session lifetime; 0 disables re-authentication") \
  X(StringOrNull, control_plane_listener_name, "control.plane.listener.name", nullptr, Constraint::none(), kReadOnly, false, "Dedicated listener for controller-to-broker requests") \
  X(Boolean, controlled_shutdown_enable, "controlled.shutdown.enable", "true", Constraint::none(), kReadOnly, true, "Migrate leaders before stopping") \
  X(Int, controlled_shutdown_max_retries, "controlled.shutdown.max.retries", "3", Constraint::none(), kReadOnly, false, "Attempts to migrate leaders before exit") \
  X(Long, controlled_shutdown_retry_backoff_ms, "controlled.shutdown.retry.backoff.ms", "5000", Constraint::none(), kReadOnly, false, "Pause between attempts") \
  X(Int, controller_quota_window_num, "controller.quota.window.num", "11", Constraint::at_least(1), kReadOnly, false, "Samples for controller mutation quotas") \
  X(Int, controller_quota_window_size_seconds, "controller.quota.window.size.seconds", "1", Constraint::at_least(1), kReadOnly, false, "Sample length of controller mutation quotas") \
  X(Int, controller_socket_timeout_ms, "controller.socket.timeout.ms", "30000", Constraint::none(), kReadOnly, false, "Controller-to-broker channel timeout") \
  X(ClassOrNull, create_topic_policy_class_name, "create.topic.policy.class.name", nullptr, Constraint::none(), kReadOnly, false, "Plugin validating topic creation") \
  X(Int, default_replication_factor, "default.replication.factor", "1", Constraint::none(), kReadOnly, true, "Replication factor of auto-created topics") \
  X(Long, delegation_token_expiry_check_interval_ms, "delegation.token.expiry.check.interval.ms", "3600000", Constraint::at_least(1), kReadOnly, false, "How often controller removes expired tokens") \
  X(Long, delegation_token_expiry_time_ms, "delegation.token.expiry.time.ms", "86400000", Constraint::at_least(1), kReadOnly, false, "Token validity between renewals") \
  X(PasswordOrNull, delegation_token_master_key, "delegation.token.master.key", nullptr, Constraint::none(), kReadOnly, false, "Deprecated alias of delegation.token.secret.key") \
  X(Long, delegation_token_max_lifetime_ms, "delegation.token.max.lifetime.ms", "604800000", Constraint::at_least(1), kReadOnly, false, "Token life that renewals cannot exceed") \
  X(PasswordOrNull, delegation_token_secret_key, "delegation.token.secret.key", nullptr, Constraint::none(), kReadOnly, false, "HMAC secret signing tokens; must match on all brokers") \
  X(Int, delete_records_purgatory_purge_interval_requests, "delete.records.purgatory.purge.interval.requests", "1", Constraint::none(), kReadOnly, false, "Completed entries before delete-records purgatory purge") \
  X(Boolean, delete_topic_enable, "delete.topic.enable", "true", Constraint::none(), kReadOnly, true, "Allow topic deletion") \
  X(StringOrNull, early_start_listeners, "early.start.listeners", nullptr, Constraint::none(), kReadOnly, false, "Listeners opened before authorizer finishes starting (since 3.4)") \
  X(Int, fetch_max_bytes, "fetch.max.bytes", "57671680", Constraint::at_least(1024), kReadOnly, true, "Broker-side cap of one fetch response") \
  X(Int, fetch_purgatory_purge_interval_requests, "fetch.purgatory.purge.interval.requests", "1000", Constraint::none(), kReadOnly, false, "Completed entries before fetch purgatory purge") \
  X(Long, follower_replication_throttled_rate, "follower.replication.throttled.rate", "9223372036854775807", Constraint::at_least(0), kDynamicOnly, false, "Follower-side replication byte rate for throttled replicas") \
  X(Int, group_initial_rebalance_delay_ms, "group.initial.rebalance.delay.ms", "3000", Constraint::none(), kReadOnly, true, "Wait for more members on empty group") \
  X(Int, group_max_session_timeout_ms, "group.max.session.timeout.ms", "1800000", Constraint::none(), kReadOnly, true, "Largest session timeout members may request") \
  X(Int, group_max_size, "group.max.size", "2147483647", Constraint::at_least(1), kReadOnly, true, "Max members per group") \
  X(Int, group_min_session_timeout_ms, "group.min.session.timeout.ms", "6000", Constraint::none(), kReadOnly, true, "Smallest session timeout members may request") \
  X(StringOrNull, inter_broker_listener_name, "inter.broker.listener.name", nullptr, Constraint::none(), kReadOnly, true, "Listener used between brokers") \
  X(String, inter_broker_protocol_version, "inter.broker.protocol.version", "3.4-IV0", Constraint::version(), kReadOnly, true, "Caps inter-broker API versions and ZK payload versions") \
  X(Int, kafka_metrics_polling_interval_secs, "kafka.metrics.polling.interval.secs", "10", Constraint::at_least(1), kReadOnly, false, "Yammer reporter poll period") \
  X(List, kafka_metrics_reporters, "kafka.metrics.reporters", "", Constraint::none(), kReadOnly, false, "Yammer metric reporter classes") \
  X(Long, leader_imbalance_check_interval_seconds, "leader.imbalance.check.interval.seconds", "300", Constraint::at_least(1), kReadOnly, true, "How often imbalance is checked") \
  X(Int, leader_imbalance_per_broker_percentage, "leader.imbalance.per.broker.percentage", "10", Constraint::none(), kReadOnly, true, "Imbalance ratio that triggers rebalance") \
  X(Long, leader_replication_throttled_rate, "leader.replication.throttled.rate", "9223372036854775807", Constraint::at_least(0), kDynamicOnly, false, "Leader-side replication byte rate for throttled replicas") \
  X(String, listener_security_protocol_map, "listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL", Constraint::none(), kPerBroker, true, "Listener name to security protocol mapping") \
  X(String, listeners, "listeners", "PLAINTEXT://:9092", Constraint::none(), kPerBroker, true, "Bind addresses: LISTENER://host:port list") \
  X(Long, log_cleaner_backoff_ms, "log.cleaner.backoff.ms", "15000", Constraint::at_least(0), kClusterWide, false, "Cleaner sleep when nothing to do") \
  X(Long, log_cleaner_dedupe_buffer_size, "log.cleaner.dedupe.buffer.size", "134217728", Constraint::none(), kClusterWide, false, "Total key-map memory across cleaner threads") \
  X(Long, log_cleaner_delete_retention_ms, "log.cleaner.delete.retention.ms", "86400000", Constraint::at_least(0), kClusterWide, false, "How long tombstones survive after cleaning") \
  X(Boolean, log_cleaner_enable, "log.cleaner.enable", "true", Constraint::none(), kReadOnly, false, "Run the log cleaner") \
  X(Double, log_cleaner_io_buffer_load_factor, "log.cleaner.io.buffer.load.factor", "0.9", Constraint::none(), kClusterWide, false, "Fill ratio of dedupe map") \
  X(Int, log_cleaner_io_buffer_size, "log.cleaner.io.buffer.size", "524288", Constraint::at_least(0), kClusterWide, false, "Total cleaner I/O buffer memory") \
  X(Double, log_cleaner_io_max_bytes_per_second, "log.cleaner.io.max.bytes.per.second", "1.7976931348623157E308", Constraint::none(), kClusterWide, false, "Cleaner read+write rate cap") \
  X(Long, log_cleaner_max_compaction_lag_ms, "log.cleaner.max.compaction.lag.ms", "9223372036854775807", Constraint::at_least(1), kClusterWide, false, "Maximum age before compaction is forced") \
  X(Double, log_cleaner_min_cleanable_ratio, "log.cleaner.min.cleanable.ratio", "0.5", Constraint::between(0, 1), kClusterWide, false, "Dirty ratio needed before compaction") \
  X(Long, log_cleaner_min_compaction_lag_ms, "log.cleaner.min.compaction.lag.ms", "0", Constraint::at_least(0), kClusterWide, false, "Minimum age before record may be compacted") \
  X(Int, log_cleaner_threads, "log.cleaner.threads", "1", Constraint::at_least(0), kClusterWide, false, "Compaction threads") \
  X(List, log_cleanup_policy, "log.cleanup.policy", "delete", Constraint::one_of("compact,delete"), kClusterWide, true, "delete, compact, or both") \
  X(String, log_dir, "log.dir", "/tmp/kafka-logs", Constraint::none(), kReadOnly, true, "Single data directory; used if log.dirs unset") \
  X(StringOrNull, log_dirs, "log.dirs", nullptr, Constraint::none(), kReadOnly, true, "Comma list of data directories") \
  X(Long, log_flush_interval_messages, "log.flush.interval.messages", "9223372036854775807", Constraint::at_least(1), kClusterWide, true, "fsync after this many messages") \
  X(LongOrNull, log_flush_interval_ms, "log.flush.interval.ms", nullptr, Constraint::none(), kClusterWide, true, "fsync after this time; falls back to scheduler interval") \
  X(Int, log_flush_offset_checkpoint_interval_ms, "log.flush.offset.checkpoint.interval.ms", "60000", Constraint::at_least(0), kReadOnly, true, "Write recovery-point-offset-checkpoint this often") \
  X(Long, log_flush_scheduler_interval_ms, "log.flush.scheduler.interval.ms", "9223372036854775807", Constraint::none(), kReadOnly, true, "How often flusher checks logs") \
  X(Int, log_flush_start_offset_checkpoint_interval_ms, "log.flush.start.offset.checkpoint.interval.ms", "60000", Constraint::at_least(0), kReadOnly, true, "Write log-start-offset-checkpoint this often") \
  X(Int, log_index_interval_bytes, "log.index.interval.bytes", "4096", Constraint::at_least(0), kClusterWide, true, "Bytes appended between index entries") \
  X(Int, log_index_size_max_bytes, "log.index.size.max.bytes", "10485760", Constraint::at_least(4), kClusterWide, true, "Offset and time index file size cap") \
  X(Boolean, log_message_downconversion_enable, "log.message.downconversion.enable", "true", Constraint::none(), kClusterWide, false, "Convert to older formats for old fetchers") \
  X(String, log_message_format_version, "log.message.format.version", "3.0-IV1", Constraint::version(), kReadOnly, false, "Legacy on-disk format; ignored when IBP >= 3.0") \
  X(Long, log_message_timestamp_difference_max_ms, "log.message.timestamp.difference.max.ms", "9223372036854775807", Constraint::at_least(0), kClusterWide, true, "Reject CreateTime farther than this from broker clock") \
  X(String, log_message_timestamp_type, "log.message.timestamp.type", "CreateTime", Constraint::one_of("CreateTime,LogAppendTime"), kClusterWide, true, "CreateTime or LogAppendTime") \
  X(Boolean, log_preallocate, "log.preallocate", "false", Constraint::none(), kClusterWide, true, "Preallocate segment files") \
  X(Long, log_retention_bytes, "log.retention.bytes", "-1", Constraint::none(), kClusterWide, true, "Per-partition size cap; -1 unlimited") \
  X(Long, log_retention_check_interval_ms, "log.retention.check.interval.ms", "300000", Constraint::at_least(1), kReadOnly, true, "How often retention scan runs") \
  X(Int, log_retention_hours, "log.retention.hours", "168", Constraint::none(), kReadOnly, true, "Retention in hours") \
  X(IntOrNull, log_retention_minutes, "log.retention.minutes", nullptr, Constraint::none(), kReadOnly, true, "Retention in minutes; overrides hours") \
  X(LongOrNull, log_retention_ms, "log.retention.ms", nullptr, Constraint::none(), kClusterWide, true, "Delete segments older; overrides minutes; -1 unlimited") \
  X(Int, log_roll_hours, "log.roll.hours", "168", Constraint::at_least(1), kReadOnly, true, "Roll segment at this age in hours") \
  X(Int, log_roll_jitter_hours, "log.roll.jitter.hours", "0", Constraint::at_least(0), kReadOnly, true, "Roll jitter in hours") \
  X(LongOrNull, log_roll_jitter_ms, "log.roll.jitter.ms", nullptr, Constraint::none(), kClusterWide, true, "Random amount subtracted from roll age") \
  X(LongOrNull, log_roll_ms, "log.roll.ms", nullptr, Constraint::none(), kClusterWide, true, "Roll segment at this age; overrides hours") \
  X(Int, log_segment_bytes, "log.segment.bytes", "1073741824", Constraint::at_least(14), kClusterWide, true, "Roll segment at this size") \
  X(Long, log_segment_delete_delay_ms, "log.segment.delete.delay.ms", "60000", Constraint::at_least(0), kClusterWide, true, "Wait before unlinking .deleted files") \
  X(Int, max_connection_creation_rate, "max.connection.creation.rate", "2147483647", Constraint::at_least(0), kClusterWide, true, "New connections per second cap; listener-prefixed form allowed") \
  X(Int, max_connections, "max.connections", "2147483647", Constraint::at_least(0), kClusterWide, true, "Broker-wide connection cap; listener-prefixed form allowed") \
  X(Int, max_connections_per_ip, "max.connections.per.ip", "2147483647", Constraint::at_least(0), kClusterWide, true, "Connection cap per client address") \
  X(String, max_connections_per_ip_overrides, "max.connections.per.ip.overrides", "", Constraint::none(), kClusterWide, true, "host:count list overriding per-address cap") \
  X(Int, max_incremental_fetch_session_cache_slots, "max.incremental.fetch.session.cache.slots", "1000", Constraint::at_least(0), kReadOnly, false, "Max cached incremental fetch sessions") \
  X(Int, message_max_bytes, "message.max.bytes", "1048588", Constraint::at_least(0), kClusterWide, true, "Largest record batch accepted after compression") \
  X(List, metric_reporters, "metric.reporters", "", Constraint::none(), kClusterWide, false, "Metric reporter classes") \
  X(Int, metrics_num_samples, "metrics.num.samples", "2", Constraint::at_least(1), kReadOnly, false, "Samples kept per metric") \
  X(String, metrics_recording_level, "metrics.recording.level", "INFO", Constraint::none(), kReadOnly, false, "INFO, DEBUG or TRACE sensors") \
  X(Long, metrics_sample_window_ms, "metrics.sample.window.ms", "30000", Constraint::at_least(1), kReadOnly, false, "Length of one metric sample") \
  X(Int, min_insync_replicas, "min.insync.replicas", "1", Constraint::at_least(1), kClusterWide, true, "Minimum ISR for acks=all writes") \
  X(Int, node_id, "node.id", "-1", Constraint::none(), kReadOnly, true, "Synonym of broker.id, filled both ways since 3.x") \
  X(Int, num_io_threads, "num.io.threads", "8", Constraint::at_least(1), kClusterWide, true, "Request handler threads") \
  X(Int, num_network_threads, "num.network.threads", "3", Constraint::at_least(1), kClusterWide, true, "Network processor threads per listener") \
  X(Int, num_partitions, "num.partitions", "1", Constraint::at_least(1), kReadOnly, true, "Default partition count of auto-created topics") \
  X(Int, num_recovery_threads_per_data_dir, "num.recovery.threads.per.data.dir", "1", Constraint::at_least(1), kClusterWide, true, "Threads per dir for load and shutdown flush") \
  X(IntOrNull, num_replica_alter_log_dirs_threads, "num.replica.alter.log.dirs.threads", nullptr, Constraint::none(), kReadOnly, false, "Threads moving replicas between dirs; null means number of dirs") \
  X(Int, num_replica_fetchers, "num.replica.fetchers", "1", Constraint::none(), kClusterWide, false, "Fetcher threads per source broker") \
  X(Int, offset_metadata_max_bytes, "offset.metadata.max.bytes", "4096", Constraint::none(), kReadOnly, true, "Max metadata string length per committed offset") \
  X(Short, offsets_commit_required_acks, "offsets.commit.required.acks", "-1", Constraint::none(), kReadOnly, true, "Acks for offset commit; do not change") \
  X(Int, offsets_commit_timeout_ms, "offsets.commit.timeout.ms", "5000", Constraint::at_least(1), kReadOnly, true, "Max wait for offset commit replication") \
  X(Int, offsets_load_buffer_size, "offsets.load.buffer.size", "5242880", Constraint::at_least(1), kReadOnly, true, "Read buffer when loading __consumer_offsets") \
  X(Long, offsets_retention_check_interval_ms, "offsets.retention.check.interval.ms", "600000", Constraint::at_least(1), kReadOnly, true, "How often expired offsets are purged") \
  X(Int, offsets_retention_minutes, "offsets.retention.minutes", "10080", Constraint::at_least(1), kReadOnly, true, "Drop offsets this long after group empties") \
  X(Int, offsets_topic_compression_codec, "offsets.topic.compression.codec", "0", Constraint::none(), kReadOnly, true, "Codec id for __consumer_offsets batches") \
  X(Int, offsets_topic_num_partitions, "offsets.topic.num.partitions", "50", Constraint::at_least(1), kReadOnly, true, "Partitions of __consumer_offsets") \
  X(Short, offsets_topic_replication_factor, "offsets.topic.replication.factor", "3", Constraint::at_least(1), kReadOnly, true, "Replicas of __consumer_offsets; creation fails if unmet") \
  X(Int, offsets_topic_segment_bytes, "offsets.topic.segment.bytes", "104857600", Constraint::at_least(1), kReadOnly, true, "Segment size of __consumer_offsets") \
  X(String, password_encoder_cipher_algorithm, "password.encoder.cipher.algorithm", "AES/CBC/PKCS5Padding", Constraint::none(), kReadOnly, false, "Cipher encrypting dynamic passwords") \
  X(Int, password_encoder_iterations, "password.encoder.iterations", "4096", Constraint::at_least(1024), kReadOnly, false, "PBKDF2 iterations") \
  X(Int, password_encoder_key_length, "password.encoder.key.length", "128", Constraint::at_least(8), kReadOnly, false, "Cipher key bits") \
  X(StringOrNull, password_encoder_keyfactory_algorithm, "password.encoder.keyfactory.algorithm", nullptr, Constraint::none(), kReadOnly, false, "PBKDF2WithHmacSHA512 if available else ...SHA1") \
  X(PasswordOrNull, password_encoder_old_secret, "password.encoder.old.secret", nullptr, Constraint::none(), kReadOnly, false, "Previous secret, re-encodes at startup") \
  X(PasswordOrNull, password_encoder_secret, "password.encoder.secret", nullptr, Constraint::none(), kReadOnly, false, "Secret encrypting dynamic password configs in ZK") \
  X(Class, principal_builder_class, "principal.builder.class", "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder", Constraint::none(), kPerBroker, false, "Plugin deriving principal from TLS/SASL session") \
  X(Int, producer_id_expiration_check_interval_ms, "producer.id.expiration.check.interval.ms", "600000", Constraint::at_least(1), kReadOnly, true, "Internal: how often producer-state expiry runs") \
  X(Int, producer_id_expiration_ms, "producer.id.expiration.ms", "86400000", Constraint::at_least(1), kClusterWide, true, "Idle producer-state lifetime per partition (added 3.4)") \
  X(Int, producer_purgatory_purge_interval_requests, "producer.purgatory.purge.interval.requests", "1000", Constraint::none(), kReadOnly, false, "Completed entries before produce purgatory purge") \
  X(Long, queued_max_request_bytes, "queued.max.request.bytes", "-1", Constraint::none(), kReadOnly, true, "Byte budget of queued requests; -1 unlimited") \
  X(Int, queued_max_requests, "queued.max.requests", "500", Constraint::at_least(1), kReadOnly, false, "Request queue capacity before network threads block") \
  X(Int, quota_window_num, "quota.window.num", "11", Constraint::at_least(1), kReadOnly, false, "Samples kept for client quotas") \
  X(Int, quota_window_size_seconds, "quota.window.size.seconds", "1", Constraint::at_least(1), kReadOnly, false, "Sample length of client quotas") \
  X(Long, replica_alter_log_dirs_io_max_bytes_per_second, "replica.alter.log.dirs.io.max.bytes.per.second", "9223372036854775807", Constraint::at_least(0), kDynamicOnly, false, "Byte rate for moving replicas between dirs") \
  X(Int, replica_fetch_backoff_ms, "replica.fetch.backoff.ms", "1000", Constraint::at_least(0), kReadOnly, false, "Sleep after replica fetch error") \
  X(Int, replica_fetch_max_bytes, "replica.fetch.max.bytes", "1048576", Constraint::at_least(0), kReadOnly, false, "Soft per-partition limit for replica fetch") \
  X(Int, replica_fetch_min_bytes, "replica.fetch.min.bytes", "1", Constraint::none(), kReadOnly, false, "Min bytes of replica fetch response") \
  X(Int, replica_fetch_response_max_bytes, "replica.fetch.response.max.bytes", "10485760", Constraint::at_least(0), kReadOnly, false, "Soft whole-response limit for replica fetch") \
  X(Int, replica_fetch_wait_max_ms, "replica.fetch.wait.max.ms", "500", Constraint::none(), kReadOnly, false, "Max wait of replica fetch; below replica.lag.time.max.ms") \
  X(Long, replica_high_watermark_checkpoint_interval_ms, "replica.high.watermark.checkpoint.interval.ms", "5000", Constraint::none(), kReadOnly, true, "Write replication-offset-checkpoint this often") \
  X(Long, replica_lag_time_max_ms, "replica.lag.time.max.ms", "30000", Constraint::none(), kReadOnly, false, "Follower not caught up this long leaves ISR") \
  X(StringOrNull, replica_selector_class, "replica.selector.class", nullptr, Constraint::none(), kReadOnly, false, "Plugin choosing preferred read replica") \
  X(Int, replica_socket_receive_buffer_bytes, "replica.socket.receive.buffer.bytes", "65536", Constraint::none(), kReadOnly, false, "Replica fetch SO_RCVBUF") \
  X(Int, replica_socket_timeout_ms, "replica.socket.timeout.ms", "30000", Constraint::none(), kReadOnly, false, "Replica fetch socket timeout; >= replica.fetch.wait.max.ms") \
  X(Int, replication_quota_window_num, "replication.quota.window.num", "11", Constraint::at_least(1), kReadOnly, false, "Samples kept for replication quotas") \
  X(Int, replication_quota_window_size_seconds, "replication.quota.window.size.seconds", "1", Constraint::at_least(1), kReadOnly, false, "Sample length of replication quotas") \
  X(Int, request_timeout_ms, "request.timeout.ms", "30000", Constraint::none(), kReadOnly, true, "Timeout for broker-issued client requests") \
  X(Int, reserved_broker_max_id, "reserved.broker.max.id", "1000", Constraint::at_least(0), kReadOnly, true, "Generated ids start above this; explicit ids must not exceed") \
  X(ClassOrNull, sasl_client_callback_handler_class, "sasl.client.callback.handler.class", nullptr, Constraint::none(), kReadOnly, false, "Client callback plugin") \
  X(List, sasl_enabled_mechanisms, "sasl.enabled.mechanisms", "GSSAPI", Constraint::none(), kPerBroker, false, "Mechanisms offered to clients") \
  X(PasswordOrNull, sasl_jaas_config, "sasl.jaas.config", nullptr, Constraint::none(), kPerBroker, false, "JAAS entry; must be listener.name.X.mech.-prefixed on brokers") \
  X(String, sasl_kerberos_kinit_cmd, "sasl.kerberos.kinit.cmd", "/usr/bin/kinit", Constraint::none(), kPerBroker, false, "kinit path") \
  X(Long, sasl_kerberos_min_time_before_relogin, "sasl.kerberos.min.time.before.relogin", "60000", Constraint::none(), kPerBroker, false, "Minimum pause between kinit runs") \
  X(List, sasl_kerberos_principal_to_local_rules, "sasl.kerberos.principal.to.local.rules", "DEFAULT", Constraint::none(), kPerBroker, false, "Rules mapping Kerberos names to short names") \
  X(StringOrNull, sasl_kerberos_service_name, "sasl.kerberos.service.name", nullptr, Constraint::none(), kPerBroker, false, "Kerberos service principal name") \
  X(Double, sasl_kerberos_ticket_renew_jitter, "sasl.kerberos.ticket.renew.jitter", "0.05", Constraint::none(), kPerBroker, false, "Random fraction added to renewal time") \
  X(Double, sasl_kerberos_ticket_renew_window_factor, "sasl.kerberos.ticket.renew.window.factor", "0.8", Constraint::none(), kPerBroker, false, "Fraction of ticket life before renewal") \
  X(ClassOrNull, sasl_login_callback_handler_class, "sasl.login.callback.handler.class", nullptr, Constraint::none(), kReadOnly, false, "Login callback plugin") \
  X(ClassOrNull, sasl_login_class, "sasl.login.class", nullptr, Constraint::none(), kReadOnly, false, "Login plugin") \
  X(IntOrNull, sasl_login_connect_timeout_ms, "sasl.login.connect.timeout.ms", nullptr, Constraint::none(), kReadOnly, false, "OAuth endpoint connect timeout") \
  X(IntOrNull, sasl_login_read_timeout_ms, "sasl.login.read.timeout.ms", nullptr, Constraint::none(), kReadOnly, false, "OAuth endpoint read timeout") \
  X(Short, sasl_login_refresh_buffer_seconds, "sasl.login.refresh.buffer.seconds", "300", Constraint::none(), kPerBroker, false, "Seconds kept before expiry for refresh") \
  X(Short, sasl_login_refresh_min_period_seconds, "sasl.login.refresh.min.period.seconds", "60", Constraint::none(), kPerBroker, false, "Minimum seconds before token refresh") \
  X(Double, sasl_login_refresh_window_factor, "sasl.login.refresh.window.factor", "0.80", Constraint::none(), kPerBroker, false, "OAuth token refresh point as fraction of life") \
  X(Double, sasl_login_refresh_window_jitter, "sasl.login.refresh.window.jitter", "0.05", Constraint::none(), kPerBroker, false, "Random fraction on token refresh") \
  X(Long, sasl_login_retry_backoff_max_ms, "sasl.login.retry.backoff.max.ms", "10000", Constraint::none(), kReadOnly, false, "OAuth login retry backoff cap") \
  X(Long, sasl_login_retry_backoff_ms, "sasl.login.retry.backoff.ms", "100", Constraint::none(), kReadOnly, false, "OAuth login retry initial backoff") \
  X(String, sasl_mechanism_inter_broker_protocol, "sasl.mechanism.inter.broker.protocol", "GSSAPI", Constraint::none(), kPerBroker, false, "SASL mechanism between brokers") \
  X(Int, sasl_oauthbearer_clock_skew_seconds, "sasl.oauthbearer.clock.skew.seconds", "30", Constraint::none(), kReadOnly, false, "Clock skew tolerated in JWT checks") \
  X(ListOrNull, sasl_oauthbearer_expected_audience, "sasl.oauthbearer.expected.audience", nullptr, Constraint::none(), kReadOnly, false, "Required JWT audiences") \
  X(StringOrNull, sasl_oauthbearer_expected_issuer, "sasl.oauthbearer.expected.issuer", nullptr, Constraint::none(), kReadOnly, false, "Required JWT issuer") \
  X(Long, sasl_oauthbearer_jwks_endpoint_refresh_ms, "sasl.oauthbearer.jwks.endpoint.refresh.ms", "3600000", Constraint::none(), kReadOnly, false, "JWKS refresh period") \
  X(Long, sasl_oauthbearer_jwks_endpoint_retry_backoff_max_ms, "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", "10000", Constraint::none(), kReadOnly, false, "JWKS retry backoff cap") \
  X(Long, sasl_oauthbearer_jwks_endpoint_retry_backoff_ms, "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", "100", Constraint::none(), kReadOnly, false, "JWKS retry initial backoff") \
  X(StringOrNull, sasl_oauthbearer_jwks_endpoint_url, "sasl.oauthbearer.jwks.endpoint.url", nullptr, Constraint::none(), kReadOnly, false, "JWKS key-set location") \
  X(String, sasl_oauthbearer_scope_claim_name, "sasl.oauthbearer.scope.claim.name", "scope", Constraint::none(), kReadOnly, false, "JWT claim naming scope") \
  X(String, sasl_oauthbearer_sub_claim_name, "sasl.oauthbearer.sub.claim.name", "sub", Constraint::none(), kReadOnly, false, "JWT claim naming subject") \
  X(StringOrNull, sasl_oauthbearer_token_endpoint_url, "sasl.oauthbearer.token.endpoint.url", nullptr, Constraint::none(), kReadOnly, false, "OAuth token endpoint") \
  X(ClassOrNull, sasl_server_callback_handler_class, "sasl.server.callback.handler.class", nullptr, Constraint::none(), kReadOnly, false, "Server callback plugin") \
  X(Int, sasl_server_max_receive_size, "sasl.server.max.receive.size", "524288", Constraint::none(), kReadOnly, false, "Largest SASL frame before authentication (added 3.4)") \
  X(String, security_inter_broker_protocol, "security.inter.broker.protocol", "PLAINTEXT", Constraint::one_of("PLAINTEXT,SSL,SASL_PLAINTEXT,SASL_SSL"), kReadOnly, true, "Protocol between brokers; excludes inter.broker.listener.name") \
  X(StringOrNull, security_providers, "security.providers", nullptr, Constraint::none(), kReadOnly, false, "JVM security provider factories; ignore natively") \
  X(Long, socket_connection_setup_timeout_max_ms, "socket.connection.setup.timeout.max.ms", "30000", Constraint::none(), kReadOnly, false, "Cap for exponentially growing connect timeout") \
  X(Long, socket_connection_setup_timeout_ms, "socket.connection.setup.timeout.ms", "10000", Constraint::none(), kReadOnly, false, "Initial outbound connect timeout") \
  X(Int, socket_listen_backlog_size, "socket.listen.backlog.size", "50", Constraint::at_least(1), kReadOnly, true, "Listen backlog (added 3.2)") \
  X(Int, socket_receive_buffer_bytes, "socket.receive.buffer.bytes", "102400", Constraint::none(), kReadOnly, true, "SO_RCVBUF; -1 keeps OS default") \
  X(Int, socket_request_max_bytes, "socket.request.max.bytes", "104857600", Constraint::at_least(1), kReadOnly, true, "Largest request frame accepted") \
  X(Int, socket_send_buffer_bytes, "socket.send.buffer.bytes", "102400", Constraint::none(), kReadOnly, true, "SO_SNDBUF; -1 keeps OS default") \
  X(List, ssl_cipher_suites, "ssl.cipher.suites", "", Constraint::none(), kPerBroker, false, "Allowed ciphers; empty means all") \
  X(String, ssl_client_auth, "ssl.client.auth", "none", Constraint::one_of("none,requested,required"), kPerBroker, false, "none, requested or required client certificates") \
  X(List, ssl_enabled_protocols, "ssl.enabled.protocols", "TLSv1.2,TLSv1.3", Constraint::none(), kPerBroker, false, "Allowed TLS versions") \
  X(String, ssl_endpoint_identification_algorithm, "ssl.endpoint.identification.algorithm", "https", Constraint::none(), kPerBroker, false, "https checks server hostname; empty disables") \
  X(ClassOrNull, ssl_engine_factory_class, "ssl.engine.factory.class", nullptr, Constraint::none(), kPerBroker, false, "Plugin creating TLS engines") \
  X(PasswordOrNull, ssl_key_password, "ssl.key.password", nullptr, Constraint::none(), kPerBroker, false, "Private key password") \
  X(String, ssl_keymanager_algorithm, "ssl.keymanager.algorithm", "SunX509", Constraint::none(), kPerBroker, false, "JVM key manager algorithm") \
  X(PasswordOrNull, ssl_keystore_certificate_chain, "ssl.keystore.certificate.chain", nullptr, Constraint::none(), kPerBroker, false, "Inline PEM certificate chain") \
  X(PasswordOrNull, ssl_keystore_key, "ssl.keystore.key", nullptr, Constraint::none(), kPerBroker, false, "Inline PEM private key (PKCS8)") \
  X(StringOrNull, ssl_keystore_location, "ssl.keystore.location", nullptr, Constraint::none(), kPerBroker, false, "Keystore path") \
  X(PasswordOrNull, ssl_keystore_password, "ssl.keystore.password", nullptr, Constraint::none(), kPerBroker, false, "Keystore password") \
  X(String, ssl_keystore_type, "ssl.keystore.type", "JKS", Constraint::none(), kPerBroker, false, "JKS, PKCS12 or PEM") \
  X(String, ssl_principal_mapping_rules, "ssl.principal.mapping.rules", "DEFAULT", Constraint::none(), kReadOnly, false, "Rules mapping certificate DN to principal") \
  X(String, ssl_protocol, "ssl.protocol", "TLSv1.3", Constraint::none(), kPerBroker, false, "TLS context protocol") \
  X(StringOrNull, ssl_provider, "ssl.provider", nullptr, Constraint::none(), kPerBroker, false, "JVM TLS provider; ignore natively") \
  X(StringOrNull, ssl_secure_random_implementation, "ssl.secure.random.implementation", nullptr, Constraint::none(), kPerBroker, false, "JVM SecureRandom algorithm") \
  X(String, ssl_trustmanager_algorithm, "ssl.trustmanager.algorithm", "PKIX", Constraint::none(), kPerBroker, false, "JVM trust manager algorithm") \
  X(PasswordOrNull, ssl_truststore_certificates, "ssl.truststore.certificates", nullptr, Constraint::none(), kPerBroker, false, "Inline PEM trusted certificates") \
  X(StringOrNull, ssl_truststore_location, "ssl.truststore.location", nullptr, Constraint::none(), kPerBroker, false, "Truststore path") \
  X(PasswordOrNull, ssl_truststore_password, "ssl.truststore.password", nullptr, Constraint::none(), kPerBroker, false, "Truststore password") \
  X(String, ssl_truststore_type, "ssl.truststore.type", "JKS", Constraint::none(), kPerBroker, false, "JKS, PKCS12 or PEM") \
  X(Int, transaction_abort_timed_out_transaction_cleanup_interval_ms, "transaction.abort.timed.out.transaction.cleanup.interval.ms", "10000", Constraint::at_least(1), kReadOnly, false, "How often timed-out transactions get aborted") \
  X(Int, transaction_max_timeout_ms, "transaction.max.timeout.ms", "900000", Constraint::at_least(1), kReadOnly, false, "Largest transaction timeout producers may ask") \
  X(Int, transaction_remove_expired_transaction_cleanup_interval_ms, "transaction.remove.expired.transaction.cleanup.interval.ms", "3600000", Constraint::at_least(1), kReadOnly, false, "How often expired transactional ids are tombstoned") \
  X(Int, transaction_state_log_load_buffer_size, "transaction.state.log.load.buffer.size", "5242880", Constraint::at_least(1), kReadOnly, false, "Read buffer when loading __transaction_state") \
  X(Int, transaction_state_log_min_isr, "transaction.state.log.min.isr", "2", Constraint::at_least(1), kReadOnly, true, "min.insync.replicas of __transaction_state") \
  X(Int, transaction_state_log_num_partitions, "transaction.state.log.num.partitions", "50", Constraint::at_least(1), kReadOnly, true, "Partitions of __transaction_state") \
  X(Short, transaction_state_log_replication_factor, "transaction.state.log.replication.factor", "3", Constraint::at_least(1), kReadOnly, true, "Replicas of __transaction_state") \
  X(Int, transaction_state_log_segment_bytes, "transaction.state.log.segment.bytes", "104857600", Constraint::at_least(1), kReadOnly, true, "Segment size of __transaction_state") \
  X(Int, transactional_id_expiration_ms, "transactional.id.expiration.ms", "604800000", Constraint::at_least(1), kReadOnly, false, "Idle transactional id lifetime") \
  X(Boolean, unclean_leader_election_enable, "unclean.leader.election.enable", "false", Constraint::none(), kClusterWide, true, "Allow out-of-ISR replica to lead, losing data") \
  X(StringOrNull, zookeeper_client_cnxn_socket, "zookeeper.clientCnxnSocket", nullptr, Constraint::none(), kReadOnly, false, "ZK client socket class; must be Netty for TLS") \
  X(StringOrNull, zookeeper_connect, "zookeeper.connect", nullptr, Constraint::none(), kReadOnly, true, "ZooKeeper ensemble host:port list with optional /chroot suffix") \
  X(IntOrNull, zookeeper_connection_timeout_ms, "zookeeper.connection.timeout.ms", nullptr, Constraint::none(), kReadOnly, true, "Max wait for ZK connection; falls back to session timeout") \
  X(Int, zookeeper_max_in_flight_requests, "zookeeper.max.in.flight.requests", "10", Constraint::at_least(1), kReadOnly, false, "Max unacknowledged pipelined requests to ZooKeeper") \
  X(Boolean, zookeeper_metadata_migration_enable, "zookeeper.metadata.migration.enable", "false", Constraint::none(), kReadOnly, false, "Early-access ZK to KRaft migration switch (3.4); keep false") \
  X(Int, zookeeper_session_timeout_ms, "zookeeper.session.timeout.ms", "18000", Constraint::none(), kReadOnly, true, "ZK session timeout; broker considered dead after this") \
  X(Boolean, zookeeper_set_acl, "zookeeper.set.acl", "false", Constraint::none(), kReadOnly, true, "Create znodes with creator-only secure ACLs") \
  X(ListOrNull, zookeeper_ssl_cipher_suites, "zookeeper.ssl.cipher.suites", nullptr, Constraint::none(), kReadOnly, false, "Allowed ciphers towards ZooKeeper") \
  X(Boolean, zookeeper_ssl_client_enable, "zookeeper.ssl.client.enable", "false", Constraint::none(), kReadOnly, false, "Use TLS towards ZooKeeper") \
  X(Boolean, zookeeper_ssl_crl_enable, "zookeeper.ssl.crl.enable", "false", Constraint::none(), kReadOnly, false, "Check certificate revocation lists for ZK TLS") \
  X(ListOrNull, zookeeper_ssl_enabled_protocols, "zookeeper.ssl.enabled.protocols", nullptr, Constraint::none(), kReadOnly, false, "Allowed TLS versions towards ZooKeeper") \
  X(String, zookeeper_ssl_endpoint_identification_algorithm, "zookeeper.ssl.endpoint.identification.algorithm", "HTTPS", Constraint::none(), kReadOnly, false, "HTTPS enables ZK server hostname check") \
  X(StringOrNull, zookeeper_ssl_keystore_location, "zookeeper.ssl.keystore.location", nullptr, Constraint::none(), kReadOnly, false, "Keystore path for client certificate to ZooKeeper") \
  X(PasswordOrNull, zookeeper_ssl_keystore_password, "zookeeper.ssl.keystore.password", nullptr, Constraint::none(), kReadOnly, false, "Password of ZK client keystore") \
  X(StringOrNull, zookeeper_ssl_keystore_type, "zookeeper.ssl.keystore.type", nullptr, Constraint::none(), kReadOnly, false, "Keystore format; guessed from file extension when null") \
  X(Boolean, zookeeper_ssl_ocsp_enable, "zookeeper.ssl.ocsp.enable", "false", Constraint::none(), kReadOnly, false, "Check OCSP for ZK TLS") \
  X(String, zookeeper_ssl_protocol, "zookeeper.ssl.protocol", "TLSv1.2", Constraint::none(), kReadOnly, false, "TLS protocol for ZK negotiation") \
  X(StringOrNull, zookeeper_ssl_truststore_location, "zookeeper.ssl.truststore.location", nullptr, Constraint::none(), kReadOnly, false, "Truststore path for verifying ZooKeeper servers") \
  X(PasswordOrNull, zookeeper_ssl_truststore_password, "zookeeper.ssl.truststore.password", nullptr, Constraint::none(), kReadOnly, false, "Password of ZK truststore") \
  X(StringOrNull, zookeeper_ssl_truststore_type, "zookeeper.ssl.truststore.type", nullptr, Constraint::none(), kReadOnly, false, "Truststore format; guessed from extension when null")

// X(kind, member, "key", default, constraint, "broker synonyms in order of priority", honoured, "documentation")
#define KZ_TOPIC_CONFIG_TABLE(X) \
  X(List, cleanup_policy, "cleanup.policy", "delete", Constraint::one_of("compact,delete"), "log.cleanup.policy", true, "delete, compact or both") \
  X(String, compression_type, "compression.type", "producer", Constraint::one_of("uncompressed,zstd,lz4,snappy,gzip,producer"), "compression.type", true, "producer keeps codec; otherwise broker recompresses; uncompressed = none") \
  X(Long, delete_retention_ms, "delete.retention.ms", "86400000", Constraint::at_least(0), "log.cleaner.delete.retention.ms", false, "Tombstone and txn-marker survival after cleaning") \
  X(Long, file_delete_delay_ms, "file.delete.delay.ms", "60000", Constraint::at_least(0), "log.segment.delete.delay.ms", true, "Wait before unlinking .deleted files") \
  X(Long, flush_messages, "flush.messages", "9223372036854775807", Constraint::at_least(1), "log.flush.interval.messages", true, "fsync after this many messages") \
  X(Long, flush_ms, "flush.ms", "9223372036854775807", Constraint::at_least(0), "log.flush.interval.ms,log.flush.scheduler.interval.ms", true, "fsync after this time") \
  X(List, follower_replication_throttled_replicas, "follower.replication.throttled.replicas", "", Constraint::throttled_replicas(), "", false, "partition:broker list throttled as followers, or *") \
  X(Int, index_interval_bytes, "index.interval.bytes", "4096", Constraint::at_least(0), "log.index.interval.bytes", true, "Bytes between index entries") \
  X(List, leader_replication_throttled_replicas, "leader.replication.throttled.replicas", "", Constraint::throttled_replicas(), "", false, "partition:broker list throttled as leaders, or *") \
  X(Long, max_compaction_lag_ms, "max.compaction.lag.ms", "9223372036854775807", Constraint::at_least(1), "log.cleaner.max.compaction.lag.ms", false, "Force compaction of older records") \
  X(Int, max_message_bytes, "max.message.bytes", "1048588", Constraint::at_least(0), "message.max.bytes", true, "Largest batch accepted") \
  X(Boolean, message_downconversion_enable, "message.downconversion.enable", "true", Constraint::none(), "log.message.downconversion.enable", false, "Allow down-conversion for old fetchers") \
  X(String, message_format_version, "message.format.version", "3.0-IV1", Constraint::version(), "log.message.format.version", false, "Ignored when IBP >= 3.0") \
  X(Long, message_timestamp_difference_max_ms, "message.timestamp.difference.max.ms", "9223372036854775807", Constraint::at_least(0), "log.message.timestamp.difference.max.ms", true, "Reject CreateTime too far from broker clock") \
  X(String, message_timestamp_type, "message.timestamp.type", "CreateTime", Constraint::one_of("CreateTime,LogAppendTime"), "log.message.timestamp.type", true, "CreateTime or LogAppendTime") \
  X(Double, min_cleanable_dirty_ratio, "min.cleanable.dirty.ratio", "0.5", Constraint::between(0, 1), "log.cleaner.min.cleanable.ratio", false, "Dirty ratio needed before compaction") \
  X(Long, min_compaction_lag_ms, "min.compaction.lag.ms", "0", Constraint::at_least(0), "log.cleaner.min.compaction.lag.ms", false, "Records younger stay uncompacted") \
  X(Int, min_insync_replicas, "min.insync.replicas", "1", Constraint::at_least(1), "min.insync.replicas", true, "Minimum ISR for acks=all") \
  X(Boolean, preallocate, "preallocate", "false", Constraint::none(), "log.preallocate", true, "Preallocate segment files") \
  X(Long, retention_bytes, "retention.bytes", "-1", Constraint::none(), "log.retention.bytes", true, "Per-partition size cap") \
  X(Long, retention_ms, "retention.ms", "604800000", Constraint::at_least(-1), "log.retention.ms,log.retention.minutes,log.retention.hours", true, "Age cap; -1 unlimited") \
  X(Int, segment_bytes, "segment.bytes", "1073741824", Constraint::at_least(14), "log.segment.bytes", true, "Roll size") \
  X(Int, segment_index_bytes, "segment.index.bytes", "10485760", Constraint::at_least(4), "log.index.size.max.bytes", true, "Index file size cap") \
  X(Long, segment_jitter_ms, "segment.jitter.ms", "0", Constraint::at_least(0), "log.roll.jitter.ms,log.roll.jitter.hours", true, "Random amount subtracted from segment.ms") \
  X(Long, segment_ms, "segment.ms", "604800000", Constraint::at_least(1), "log.roll.ms,log.roll.hours", true, "Roll age") \
  X(Boolean, unclean_leader_election_enable, "unclean.leader.election.enable", "false", Constraint::none(), "unclean.leader.election.enable", true, "Permit out-of-ISR leader")

// X("key", "gone since", "what replaced it"): accepted by 2.7, ignored with a warning.
#define KZ_REMOVED_CONFIG_TABLE(X) \
  X("advertised.host.name", "3.0", "advertised.listeners") \
  X("advertised.port", "3.0", "advertised.listeners") \
  X("host.name", "3.0", "listeners") \
  X("port", "3.0", "listeners") \
  X("quota.producer.default", "3.0", "dynamic quotas") \
  X("quota.consumer.default", "3.0", "dynamic quotas") \
  X("zookeeper.sync.time.ms", "3.2", "")
// clang-format on
