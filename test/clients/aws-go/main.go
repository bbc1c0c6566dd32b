// The AWS SDK for Go 2 as its users run it; records as JSON lines.
//
//	awsgo put ENDPOINT STREAM COUNT        record-0 … under 97 keys, as PutRecords of 500
//	awsgo read ENDPOINT STREAM             every record of every shard, by GetRecords
//	awsgo subscribe ENDPOINT STREAM COUNT  every record by enhanced fan-out, until COUNT are seen
//
// AWS_CA_BUNDLE names the certificate to trust, as for every program of the SDK.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	keys              = 97
	batch             = 500
	deadline          = 60 * time.Second
	pollConsumerEvery = 100 * time.Millisecond
)

type row struct {
	Shard string `json:"shard"`
	Seq   string `json:"seq"`
	Key   string `json:"key"`
	Value []byte `json:"value"`
	Ms    int64  `json:"ms"`
}

type printer struct {
	mutex sync.Mutex
	out   *bufio.Writer
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	command, endpoint, stream := os.Args[1], os.Args[2], os.Args[3]
	loaded, err := config.LoadDefaultConfig(ctx,
		config.WithRegion("us-east-1"),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("any", "any", "")),
	)
	must(err)
	client := kinesis.NewFromConfig(loaded, func(options *kinesis.Options) {
		options.BaseEndpoint = aws.String(endpoint)
	})
	out := &printer{out: bufio.NewWriter(os.Stdout)}
	defer out.out.Flush()
	switch command {
	case "put":
		put(ctx, client, stream, number(os.Args[4]))
	case "read":
		read(ctx, client, stream, out)
	case "subscribe":
		subscribe(ctx, client, stream, number(os.Args[4]), out)
	default:
		panic("unknown command " + command)
	}
}

func put(ctx context.Context, client *kinesis.Client, stream string, count int) {
	for first := 0; first < count; first += batch {
		var entries []types.PutRecordsRequestEntry
		for n := first; n < min(first+batch, count); n++ {
			entries = append(entries, types.PutRecordsRequestEntry{
				PartitionKey: aws.String(fmt.Sprintf("key-%d", n%keys)),
				Data:         []byte(fmt.Sprintf("record-%d", n)),
			})
		}
		answer, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{
			StreamName: &stream,
			Records:    entries,
		})
		must(err)
		if *answer.FailedRecordCount != 0 {
			panic(fmt.Sprintf("%d failed", *answer.FailedRecordCount))
		}
	}
}

func shardsOf(ctx context.Context, client *kinesis.Client, stream string) []types.Shard {
	listed, err := client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &stream})
	must(err)
	return listed.Shards
}

func read(ctx context.Context, client *kinesis.Client, stream string, out *printer) {
	for _, shard := range shardsOf(ctx, client, stream) {
		at, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
			StreamName:        &stream,
			ShardId:           shard.ShardId,
			ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		must(err)
		iterator := at.ShardIterator
		for iterator != nil {
			answer, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator})
			must(err)
			out.print(*shard.ShardId, answer.Records)
			iterator = answer.NextShardIterator
			if len(answer.Records) == 0 && *answer.MillisBehindLatest == 0 {
				break
			}
		}
	}
}

func subscribe(ctx context.Context, client *kinesis.Client, stream string, count int, out *printer) {
	consumer := register(ctx, client, stream)
	seen := make(chan int)
	var complete atomic.Bool
	for _, shard := range shardsOf(ctx, client, stream) {
		answer, err := client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
			ConsumerARN:      consumer,
			ShardId:          shard.ShardId,
			StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon},
		})
		must(err)
		go follow(answer.GetStream(), *shard.ShardId, out, seen, &complete)
	}
	for left := count; left > 0; {
		select {
		case some := <-seen:
			left -= some
		case <-ctx.Done():
			panic(fmt.Sprintf("%d records are missing", left))
		}
	}
	// Subscriptions of a consumer that goes end as they may.
	complete.Store(true)
	_, err := client.DeregisterStreamConsumer(ctx, &kinesis.DeregisterStreamConsumerInput{
		ConsumerARN: consumer,
	})
	must(err)
}

func follow(
	stream *kinesis.SubscribeToShardEventStream, shard string, out *printer, seen chan<- int,
	complete *atomic.Bool,
) {
	for event := range stream.Events() {
		if each, ok := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent); ok {
			out.print(shard, each.Value.Records)
			seen <- len(each.Value.Records)
		}
	}
	if err := stream.Err(); !complete.Load() {
		must(err)
	}
}

func register(ctx context.Context, client *kinesis.Client, stream string) *string {
	described, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{
		StreamName: &stream,
	})
	must(err)
	registered, err := client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{
		StreamARN:    described.StreamDescriptionSummary.StreamARN,
		ConsumerName: aws.String(fmt.Sprintf("go-%d", time.Now().UnixNano())),
	})
	must(err)
	consumer := registered.Consumer.ConsumerARN
	for {
		answer, err := client.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{
			ConsumerARN: consumer,
		})
		must(err)
		if answer.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive {
			return consumer
		}
		time.Sleep(pollConsumerEvery)
	}
}

func (p *printer) print(shard string, records []types.Record) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	lines := json.NewEncoder(p.out)
	for _, record := range records {
		must(lines.Encode(row{
			Shard: shard,
			Seq:   *record.SequenceNumber,
			Key:   *record.PartitionKey,
			Value: record.Data,
			Ms:    record.ApproximateArrivalTimestamp.UnixMilli(),
		}))
	}
}

func number(text string) int {
	count, err := strconv.Atoi(text)
	must(err)
	return count
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
