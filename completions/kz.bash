# bash completion for kz and its script names.
_kz() {
  local cur=${COMP_WORDS[COMP_CWORD]} name=${COMP_WORDS[0]##*/} words
  if [[ $name == kz ]]; then
    if [[ $COMP_CWORD -eq 1 ]]; then
      COMPREPLY=($(compgen -W 'topics console-producer console-consumer dev kafka-server-start kafka-server-stop zk-server zk-cli zk-cleanup zk-server-initialize zk-snapshot-comparer zk-snapshot-toolkit zk-txn-log-toolkit zookeeper-server-start zookeeper-server-stop zookeeper-shell help' -- "$cur"))
      return
    fi
    name=${COMP_WORDS[1]}
  fi
  case $name in
    help) words='topics console-producer console-consumer dev kafka-server-start kafka-server-stop zk-server zk-cli zk-cleanup zk-server-initialize zk-snapshot-comparer zk-snapshot-toolkit zk-txn-log-toolkit zookeeper-server-start zookeeper-server-stop zookeeper-shell' ;;
    topics|kafka-topics|kafka-topics.sh|kafka.admin.TopicCommand) words='--alter --at-min-isr-partitions --bootstrap-server --command-config --config --create --delete --delete-config --describe --disable-rack-aware --exclude-internal --force --if-exists --if-not-exists --list --partitions --replica-assignment --replication-factor --topic --topic-id --topics-with-overrides --unavailable-partitions --under-min-isr-partitions --under-replicated-partitions --zookeeper --help' ;;
    console-producer|kafka-console-producer|kafka-console-producer.sh|kafka.tools.ConsoleProducer) words='--batch-size --bootstrap-server --broker-list --compression-codec --line-reader --max-block-ms --max-memory-bytes --max-partition-memory-bytes --message-send-max-retries --metadata-expiry-ms --producer-property --producer.config --property --reader-config --request-required-acks --request-timeout-ms --retry-backoff-ms --socket-buffer-size --sync --timeout --topic --help' ;;
    console-consumer|kafka-console-consumer|kafka-console-consumer.sh|kafka.tools.ConsoleConsumer) words='--bootstrap-server --consumer-property --consumer.config --enable-systest-events --formatter --formatter-config --from-beginning --group --include --isolation-level --key-deserializer --max-messages --offset --partition --property --skip-message-on-error --timeout-ms --topic --value-deserializer --whitelist --help' ;;
    dev) words='--port --zookeeper-port --data-dir --host --advertised-host --config --fresh --verbose --help' ;;
    kafka-server-start|kafka-server-start.sh) words='--help' ;;
    kafka-server-stop|kafka-server-stop.sh) words='--help' ;;
    zk-server|zkServer|zkServer.sh) words='--config --help' ;;
    zk-cli|zkCli|zkCli.sh|org.apache.zookeeper.ZooKeeperMain) words='--help' ;;
    zk-cleanup|zkCleanup|zkCleanup.sh) words='--n --help' ;;
    zk-server-initialize|zkServer-initialize|zkServer-initialize.sh) words='--configfile --myid --force --help' ;;
    zk-snapshot-comparer|zkSnapshotComparer|zkSnapshotComparer.sh|org.apache.zookeeper.server.SnapshotComparer) words='--left --right --bytes --nodes --debug --interactive --help' ;;
    zk-snapshot-toolkit|zkSnapShotToolkit|zkSnapShotToolkit.sh|org.apache.zookeeper.server.SnapshotFormatter) words='--d --json --help' ;;
    zk-txn-log-toolkit|zkTxnLogToolkit|zkTxnLogToolkit.sh) words='--chop --dump --recover --verbose --yes --zxid --help' ;;
    zookeeper-server-start|zookeeper-server-start.sh) words='--daemon --help' ;;
    zookeeper-server-stop|zookeeper-server-stop.sh) words='--help' ;;
    zookeeper-shell|zookeeper-shell.sh|org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka) words='--help' ;;
  esac
  if [[ $cur == -* || $name == help ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -o filenames -F _kz kz kafka-topics kafka-topics.sh kafka.admin.TopicCommand kafka-console-producer kafka-console-producer.sh kafka.tools.ConsoleProducer kafka-console-consumer kafka-console-consumer.sh kafka.tools.ConsoleConsumer kafka-server-start.sh kafka-server-stop.sh zkServer zkServer.sh zkCli zkCli.sh org.apache.zookeeper.ZooKeeperMain zkCleanup zkCleanup.sh zkServer-initialize zkServer-initialize.sh zkSnapshotComparer zkSnapshotComparer.sh org.apache.zookeeper.server.SnapshotComparer zkSnapShotToolkit zkSnapShotToolkit.sh org.apache.zookeeper.server.SnapshotFormatter zkTxnLogToolkit zkTxnLogToolkit.sh zookeeper-server-start.sh zookeeper-server-stop.sh zookeeper-shell.sh org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka
