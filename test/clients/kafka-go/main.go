// segmentio/kafka-go as its users run it; records as JSON lines.
//
//	kafkago produce BOOTSTRAP TOPIC COUNT CODEC,…       record-0 … under 97 keys, by every codec
//	kafkago consume BOOTSTRAP TOPIC COUNT               a group reads COUNT records
//	kafkago members BOOTSTRAP TOPIC COUNT               two members of a group read COUNT records
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	keys     = 97
	deadline = 60 * time.Second
)

var codecs = map[string]kafka.Compression{
	"none":   0,
	"gzip":   kafka.Gzip,
	"snappy": kafka.Snappy,
	"lz4":    kafka.Lz4,
	"zstd":   kafka.Zstd,
}

type row struct {
	Partition int    `json:"partition"`
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
		for _, name := range strings.Split(os.Args[5], ",") {
			produce(ctx, bootstrap, topic, count, codecs[name])
		}
	case "consume":
		consume(ctx, []*kafka.Reader{reader(bootstrap, topic, "kafka-go-"+topic)}, count)
	case "members":
		group := "kafka-go-members-" + topic
		consume(ctx, []*kafka.Reader{reader(bootstrap, topic, group), reader(bootstrap, topic, group)}, count)
	default:
		panic(command)
	}
}

func produce(ctx context.Context, bootstrap, topic string, count int, codec kafka.Compression) {
	writer := &kafka.Writer{
		Addr:         kafka.TCP(bootstrap),
		Topic:        topic,
		Balancer:     &kafka.Hash{},
		RequiredAcks: kafka.RequireAll,
		Compression:  codec,
		BatchTimeout: 5 * time.Millisecond,
	}
	messages := make([]kafka.Message, count)
	for n := range messages {
		messages[n] = kafka.Message{
			Key:   []byte(fmt.Sprintf("key-%d", n%keys)),
			Value: []byte(fmt.Sprintf("record-%d", n)),
		}
	}
	must(writer.WriteMessages(ctx, messages...))
	must(writer.Close())
}

func reader(bootstrap, topic, group string) *kafka.Reader {
	return kafka.NewReader(kafka.ReaderConfig{
		Brokers:          []string{bootstrap},
		GroupID:          group,
		Topic:            topic,
		StartOffset:      kafka.FirstOffset,
		IsolationLevel:   kafka.ReadCommitted,
		MaxWait:          100 * time.Millisecond,
		JoinGroupBackoff: 100 * time.Millisecond,
	})
}

type fetched struct {
	reader  *kafka.Reader
	message kafka.Message
}

// Several readers of one group together read every record; each commits what it has read.
func consume(ctx context.Context, readers []*kafka.Reader, count int) {
	reading, stop := context.WithCancel(ctx)
	messages := make(chan fetched)
	for _, each := range readers {
		go func() {
			for {
				message, err := each.FetchMessage(reading)
				if reading.Err() != nil {
					return
				}
				must(err)
				messages <- fetched{each, message}
			}
		}()
	}
	out := bufio.NewWriter(os.Stdout)
	lines := json.NewEncoder(out)
	last := map[int]fetched{}
	for left := count; left > 0; left-- {
		select {
		case next := <-messages:
			m := next.message
			last[m.Partition] = next
			must(lines.Encode(row{m.Partition, m.Offset, string(m.Key), m.Value, m.Time.UnixMilli()}))
		case <-ctx.Done():
			must(fmt.Errorf("%d records missing", left))
		}
	}
	for _, each := range last {
		must(each.reader.CommitMessages(ctx, each.message))
	}
	stop()
	for _, each := range readers {
		must(each.Close())
	}
	must(out.Flush())
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
