// franz-go as its users run it; records as JSON lines.
//
//	franz produce BOOTSTRAP TOPIC COUNT CODEC,…       record-0 … under 97 keys, by every codec
//	franz transactions BOOTSTRAP TOPIC COUNT          COUNT aborted records, then COUNT committed ones
//	franz consume BOOTSTRAP TOPIC COUNT               a group reads COUNT records
//	franz follow BOOTSTRAP TOPIC GROUP                a member that reads and commits until its input ends
//	franz members BOOTSTRAP TOPIC                     two members share 4 partitions; one leaves
//	franz transform BOOTSTRAP SOURCE COUNT TARGET     copies in transactions, the first aborted
//	franz copy BOOTSTRAP SOURCE COUNT TARGET          copies in many, each begun again where it failed
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	keys     = 97
	deadline = 120 * time.Second
	// franz-go loads the partitions of a new topic twice. Between the two loads, which are 5 s apart by
	// default, a split of a shard would make it choose other partitions for its keys.
	metadataMinAge = 100 * time.Millisecond
)

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

type row struct {
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Key       string `json:"key"`
	Value     []byte `json:"value"`
	Ms        int64  `json:"ms"`
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	command, bootstrap, topic := os.Args[1], os.Args[2], os.Args[3]
	if command == "members" {
		members(ctx, bootstrap, topic)
		return
	}
	if command == "follow" {
		follow(bootstrap, topic, os.Args[4])
		return
	}
	count, err := strconv.Atoi(os.Args[4])
	must(err)
	switch command {
	case "produce":
		for _, name := range strings.Split(os.Args[5], ",") {
			produce(ctx, bootstrap, topic, count, codecs[name])
		}
	case "transform":
		transform(ctx, bootstrap, topic, count, os.Args[5])
	case "copy":
		copyOnce(ctx, bootstrap, topic, count, os.Args[5])
	case "transactions":
		transactions(ctx, bootstrap, topic, count)
	case "consume":
		consume(ctx, bootstrap, topic, count)
	default:
		panic(command)
	}
}

func open(bootstrap string, options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(bootstrap))...)
	must(err)
	return client
}

func records(topic string, count int, prefix string) []*kgo.Record {
	made := make([]*kgo.Record, count)
	for n := range made {
		made[n] = &kgo.Record{
			Topic: topic,
			Key:   []byte(fmt.Sprintf("key-%d", n%keys)),
			Value: []byte(fmt.Sprintf("%s-%d", prefix, n)),
		}
	}
	return made
}

func produce(ctx context.Context, bootstrap, topic string, count int, codec kgo.CompressionCodec) {
	client := open(bootstrap, kgo.ProducerBatchCompression(codec), kgo.MetadataMinAge(metadataMinAge))
	defer client.Close()
	must(client.ProduceSync(ctx, records(topic, count, "record")...).FirstErr())
}

func transactions(ctx context.Context, bootstrap, topic string, count int) {
	client := open(bootstrap, kgo.TransactionalID("franz-"+topic), kgo.MetadataMinAge(metadataMinAge))
	defer client.Close()
	for _, each := range []struct {
		prefix string
		commit kgo.TransactionEndTry
	}{{"aborted", kgo.TryAbort}, {"record", kgo.TryCommit}} {
		must(client.BeginTransaction())
		must(client.ProduceSync(ctx, records(topic, count, each.prefix)...).FirstErr())
		must(client.EndTransaction(ctx, each.commit))
	}
}

func group(bootstrap, name, topic string, options ...kgo.Opt) *kgo.Client {
	return open(bootstrap, append(
		options,
		kgo.ConsumerGroup(name),
		kgo.ConsumeTopics(topic),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
	)...)
}

func members(ctx context.Context, bootstrap, topic string) {
	var lock sync.Mutex
	held := map[string]int{}
	member := func(name string) *kgo.Client {
		change := func(sign int) func(context.Context, *kgo.Client, map[string][]int32) {
			return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
				lock.Lock()
				defer lock.Unlock()
				held[name] += sign * len(partitions[topic])
			}
		}
		assigned, given := kgo.OnPartitionsAssigned(change(1)), kgo.OnPartitionsRevoked(change(-1))
		lost := kgo.OnPartitionsLost(change(-1))
		return group(bootstrap, "franz-members-"+topic, topic, assigned, given, lost)
	}
	holds := func(stays, leaves int) bool {
		lock.Lock()
		defer lock.Unlock()
		return held["stays"] == stays && held["leaves"] == leaves
	}
	poll := func(client *kgo.Client) {
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		client.PollFetches(short)
		must(ctx.Err())
	}
	stays, leaves := member("stays"), member("leaves")
	defer stays.Close()
	for !holds(2, 2) {
		poll(stays)
		poll(leaves)
	}
	leaves.Close()
	for !holds(4, 0) {
		poll(stays)
	}
}

// Offsets and records of a transaction that aborts must both be as if it had never been.
func transform(ctx context.Context, bootstrap, source string, count int, target string) {
	name := "franz-transform-" + source
	for _, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
		session, err := kgo.NewGroupTransactSession(
			kgo.SeedBrokers(bootstrap),
			kgo.TransactionalID(name),
			kgo.ConsumerGroup(name),
			kgo.ConsumeTopics(source),
			kgo.FetchIsolationLevel(kgo.ReadCommitted()),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
			kgo.RequireStableFetchOffsets(),
		)
		must(err)
		for left := count; left > 0; {
			fetches := session.PollFetches(ctx)
			must(fetches.Err())
			must(session.Begin())
			fetches.EachRecord(func(r *kgo.Record) {
				left--
				session.Produce(ctx, &kgo.Record{Topic: target, Key: r.Key, Value: r.Value}, func(_ *kgo.Record, err error) {
					must(err)
				})
			})
			must(session.Client().Flush(ctx))
			committed, err := session.End(ctx, end)
			must(err)
			if committed != bool(end) {
				must(fmt.Errorf("the transaction ended the other way"))
			}
			if end == kgo.TryAbort {
				break
			}
		}
		session.Close()
	}
}

// copyOnce copies until all of the source is committed. Where a transaction could neither be ended nor
// aborted for long, kgo wants the session to be begun anew.
func copyOnce(ctx context.Context, bootstrap, source string, count int, target string) {
	for committed := 0; committed < count; {
		session := copying(bootstrap, source)
		var err error
		for err == nil && committed < count {
			must(ctx.Err())
			err = copyBatch(ctx, session, target)
			committed = 0
			for _, offset := range session.Client().CommittedOffsets()[source] {
				committed += int(max(offset.Offset, 0))
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "begun anew after", err)
		}
		session.Close()
	}
}

func copying(bootstrap, source string) *kgo.GroupTransactSession {
	name := "franz-copy-" + source
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(bootstrap),
		kgo.TransactionalID(name),
		kgo.ConsumerGroup(name),
		kgo.ConsumeTopics(source),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.RequireStableFetchOffsets(),
		// A member that could not say that it leaves is missed after this long.
		kgo.SessionTimeout(10*time.Second),
	)
	must(err)
	return session
}

func copyBatch(ctx context.Context, session *kgo.GroupTransactSession, target string) error {
	polling, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	records := session.PollRecords(polling, 500).Records()
	if len(records) == 0 {
		return nil
	}
	if err := session.Begin(); err != nil {
		return err
	}
	first := kgo.AbortingFirstErrPromise(session.Client())
	for _, r := range records {
		session.Produce(ctx, &kgo.Record{Topic: target, Key: r.Key, Value: r.Value}, first.Promise())
	}
	_, err := session.End(ctx, first.Err() == nil)
	return err
}

func consume(ctx context.Context, bootstrap, topic string, count int) {
	client := group(bootstrap, "franz-"+topic, topic)
	defer client.Close()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	lines := json.NewEncoder(out)
	for left := count; left > 0; {
		fetches := client.PollFetches(ctx)
		// The group is joined again, says kgo, after a session that could not be: it is told, no more.
		var session *kgo.ErrGroupSession
		if err := fetches.Err(); !errors.As(err, &session) {
			must(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			left--
			must(lines.Encode(row{r.Partition, r.Offset, string(r.Key), r.Value, r.Timestamp.UnixMilli()}))
		})
	}
	must(client.CommitUncommittedOffsets(ctx))
}

func follow(bootstrap, topic, name string) {
	client := group(bootstrap, name, topic, kgo.SessionTimeout(10*time.Second), kgo.BlockRebalanceOnPoll())
	defer client.Close()
	ctx, end := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end()
	}()
	lines := json.NewEncoder(os.Stdout)
	for ctx.Err() == nil {
		read := client.PollRecords(ctx, 500).Records()
		for _, r := range read {
			must(lines.Encode(row{r.Partition, r.Offset, string(r.Key), r.Value, r.Timestamp.UnixMilli()}))
		}
		must(lines.Encode(commitTold(client, read)))
		client.AllowRebalance()
	}
}

// commitTold answers what was acknowledged, or why it was not.
func commitTold(client *kgo.Client, read []*kgo.Record) map[string]any {
	// Also after the input has ended.
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := client.CommitRecords(ctx, read...); err != nil {
		return map[string]any{"failed": err.Error()}
	}
	committed := map[int32]int64{}
	for _, r := range read {
		committed[r.Partition] = r.Offset + 1
	}
	return map[string]any{"committed": committed}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
