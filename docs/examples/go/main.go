// Writes with franz-go and reads with the AWS SDK for Go 2.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := kinesis.New(kinesis.Options{
		BaseEndpoint: aws.String(setting("KINESIS_ENDPOINT", "http://127.0.0.1:4567")),
		Region:       "us-east-1",
		// The gateway accepts any credentials.
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
	})
	stream := aws.String(fmt.Sprintf("example-go-%d", time.Now().UnixNano()))

	_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: stream, ShardCount: aws.Int32(1)})
	must(err)
	exists := kinesis.NewStreamExistsWaiter(client, func(options *kinesis.StreamExistsWaiterOptions) {
		options.MinDelay = time.Second
	})
	must(exists.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: stream}, 30*time.Second))

	produce(ctx, *stream)
	read(ctx, client, stream)

	_, err = client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: stream})
	must(err)
}

func produce(ctx context.Context, topic string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(setting("KAFKA_BOOTSTRAP", "127.0.0.1:9092")))
	must(err)
	defer client.Close()
	for position := 1; position <= 3; position++ {
		record := kgo.KeyStringRecord("truck-1", fmt.Sprintf("position %d", position))
		record.Topic = topic
		must(client.ProduceSync(ctx, record).FirstErr())
	}
}

func read(ctx context.Context, client *kinesis.Client, stream *string) {
	start, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName:        stream,
		ShardId:           aws.String("shardId-000000000000"),
		ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	must(err)
	iterator := start.ShardIterator
	for count := 0; count < 3; {
		answer, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator})
		must(err)
		for _, record := range answer.Records {
			fmt.Printf("read by Kinesis: %s, %s\n", *record.PartitionKey, record.Data)
		}
		count += len(answer.Records)
		iterator = answer.NextShardIterator
	}
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
