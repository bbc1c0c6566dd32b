// franz-go as its users run it; records as JSON lines.
//
//	franz produce BOOTSTRAP TOPIC COUNT COMPRESSION   record-0 … under 97 keys
//	franz transactions BOOTSTRAP TOPIC COUNT          COUNT aborted records, then COUNT committed ones
//	franz consume BOOTSTRAP TOPIC COUNT               a group reads COUNT records
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	keys     = 97
	deadline = 60 * time.Second
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
	count, err := strconv.Atoi(os.Args[4])
	must(err)
	switch command {
	case "produce":
		produce(ctx, bootstrap, topic, count, codecs[os.Args[5]])
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
	client := open(bootstrap, kgo.ProducerBatchCompression(codec))
	defer client.Close()
	must(client.ProduceSync(ctx, records(topic, count, "record")...).FirstErr())
}

func transactions(ctx context.Context, bootstrap, topic string, count int) {
	client := open(bootstrap, kgo.TransactionalID("franz-"+topic))
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

func consume(ctx context.Context, bootstrap, topic string, count int) {
	client := open(
		bootstrap,
		kgo.ConsumerGroup("franz-"+topic),
		kgo.ConsumeTopics(topic),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	defer client.Close()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	lines := json.NewEncoder(out)
	for left := count; left > 0; {
		fetches := client.PollFetches(ctx)
		must(fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			left--
			must(lines.Encode(row{r.Partition, r.Offset, string(r.Key), r.Value, r.Timestamp.UnixMilli()}))
		})
	}
	must(client.CommitUncommittedOffsets(ctx))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
