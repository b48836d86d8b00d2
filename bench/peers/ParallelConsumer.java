/* ParallelConsumer.java: the jobs on Confluent's Parallel Consumer, with Redis for the ids that were delivered.
 *
 *     java ParallelConsumer j1|j2 BROKERS TOPIC GROUP REDIS_PORT URL
 *
 * An id is marked in Redis after the backend's 2xx, never before: a kill between the two repeats an event and loses none. An
 * exception gives the record back to the library, which calls again. */
import io.confluent.parallelconsumer.PCRetriableException;
import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import io.confluent.parallelconsumer.PollContext;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.params.SetParams;

public final class ParallelConsumer {
    private static final int IN_FLIGHT = 64;
    private static final int EVENTS_A_CALL = 100;
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);
    private static final SetParams FOR_A_DAY = SetParams.setParams().ex(86400);

    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final JedisPooled redis;
    private final URI backend;

    private ParallelConsumer(int redisPort, URI backend) {
        ConnectionPoolConfig pool = new ConnectionPoolConfig();
        pool.setMaxTotal(IN_FLIGHT + 16);
        pool.setMaxIdle(IN_FLIGHT + 16);
        this.redis = new JedisPooled(pool, "127.0.0.1", redisPort);
        this.backend = backend;
    }

    public static void main(String[] arguments) throws InterruptedException {
        boolean inBatches = arguments[0].equals("j2");
        ParallelConsumer worker = new ParallelConsumer(Integer.parseInt(arguments[4]), URI.create(arguments[5]));
        ParallelStreamProcessor<String, String> events = events(inBatches, arguments[1], arguments[3]);
        events.subscribe(List.of(arguments[2]));
        events.poll(inBatches ? worker::deliverBatch : worker::deliver);
        Thread.currentThread().join();
    }

    /* Records of one key go one after the other, so that two copies of an event are never under way together: in any other order
     * each may find the other's mark missing. What is done behind an open record is kept with the committed offset. */
    private static ParallelStreamProcessor<String, String> events(boolean inBatches, String brokers, String group) {
        var options = ParallelConsumerOptions.<String, String>builder()
                .consumer(new KafkaConsumer<>(consumerProperties(brokers, group)))
                .ordering(ProcessingOrder.KEY)
                .maxConcurrency(IN_FLIGHT)
                .commitMode(CommitMode.PERIODIC_CONSUMER_SYNC)
                .commitInterval(Duration.ofSeconds(1));
        if (inBatches)
            options.batchSize(EVENTS_A_CALL);
        return ParallelStreamProcessor.createEosStreamProcessor(options.build());
    }

    private static Properties consumerProperties(String brokers, String group) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", brokers);
        properties.put("group.id", group);
        properties.put("enable.auto.commit", "false");
        properties.put("auto.offset.reset", "earliest");
        properties.put("session.timeout.ms", "6000");
        properties.put("heartbeat.interval.ms", "2000");
        properties.put("max.poll.records", "2000");
        properties.put("key.deserializer", StringDeserializer.class.getName());
        properties.put("value.deserializer", StringDeserializer.class.getName());
        return properties;
    }

    private void deliver(PollContext<String, String> context) {
        String event = context.getSingleConsumerRecord().value();
        String key = keyOf(event);
        if (redis.exists(key))
            return;
        post(event);
        redis.set(key, "done", FOR_A_DAY);
    }

    private void deliverBatch(PollContext<String, String> context) {
        Map<String, String> events = new LinkedHashMap<>();
        for (ConsumerRecord<String, String> record : context.getConsumerRecordsFlattened())
            events.putIfAbsent(keyOf(record.value()), record.value());
        String[] keys = events.keySet().toArray(new String[0]);
        List<String> marks = redis.mget(keys);
        for (int i = 0; i < keys.length; i++)
            if (marks.get(i) != null)
                events.remove(keys[i]);
        if (events.isEmpty())
            return;
        post("{\"messages\":[" + String.join(",", events.values()) + "]}");
        try (var pipeline = redis.pipelined()) {
            events.keySet().forEach(key -> pipeline.set(key, "done", FOR_A_DAY));
        }
    }

    /* The producer writes the id first, and without escapes. */
    private static String keyOf(String event) {
        int begin = event.indexOf("\"id\":\"") + 6;
        return "parallel:" + event.substring(begin, event.indexOf('"', begin));
    }

    private void post(String body) {
        HttpRequest request = HttpRequest.newBuilder(backend).timeout(CALL_TIMEOUT).header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)).build();
        try {
            int status = http.send(request, BodyHandlers.discarding()).statusCode();
            if (status / 100 != 2)
                throw new PCRetriableException("the backend answered " + status);
        } catch (IOException | InterruptedException away) {
            throw new PCRetriableException(away);
        }
    }
}
