// The peer of publishing: libmosquitto as a C program uses it, with its own thread.
//
//   mosquitto-bench acked PORT MILLISECONDS WINDOW BYTES   messages of QoS 1 that the broker acknowledges
//   mosquitto-bench latency PORT RATE COUNT                messages at a steady rate, each with the time it was sent
//   mosquitto-bench listen PORT COUNT                      the time from there to here, of those and of publishing-bench's
//
// Prints its results, one `name=value` a line. Run by `bench`.
#include <mosquitto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_long acknowledged, connected, subscribed, received;
static double *latencies;
static long wanted;

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void sleep_for(double duration) {
    struct timespec time = {(time_t)duration, (long)((duration - (time_t)duration) * 1e9)};
    nanosleep(&time, NULL);
}

static void on_publish(struct mosquitto *client, void *context, int id) { acknowledged++; }
static void on_connect(struct mosquitto *client, void *context, int code) { connected++; }
static void on_subscribe(struct mosquitto *client, void *context, int id, int count, const int *qos) { subscribed++; }

// Every "v": is followed by microseconds of CLOCK_MONOTONIC.
static void on_message(struct mosquitto *client, void *context, const struct mosquitto_message *message) {
    double now = seconds(CLOCK_MONOTONIC) * 1e6;
    char text[65536];
    size_t length = message->payloadlen < (int)sizeof text - 1 ? (size_t)message->payloadlen : sizeof text - 1;
    memcpy(text, message->payload, length);
    text[length] = 0;
    for (char *value = text; (value = strstr(value, "\"v\":")) && received < wanted; value += 4)
        latencies[received++] = now - strtod(value + 4, NULL);
}

static struct mosquitto *client(const char *name, int port, int window) {
    struct mosquitto *client = mosquitto_new(name, true, NULL);
    mosquitto_max_inflight_messages_set(client, (unsigned)window);
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_publish_callback_set(client, on_publish);
    mosquitto_subscribe_callback_set(client, on_subscribe);
    mosquitto_message_callback_set(client, on_message);
    if (mosquitto_connect(client, "127.0.0.1", port, 60) != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "no broker at port %d\n", port);
        exit(1);
    }
    mosquitto_loop_start(client);
    while (!connected) sleep_for(0.001);
    return client;
}

static int compare(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return a < b ? -1 : a > b;
}

static void acked(int port, double duration, int window, int bytes) {
    struct mosquitto *publisher = client("peer", port, window);
    char *payload = calloc(1, (size_t)bytes);
    long sent = 0;
    double start = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    while (seconds(CLOCK_MONOTONIC) - start < duration) {
        if (sent - acknowledged < window) {
            mosquitto_publish(publisher, NULL, "s/1/r", bytes, payload, 1, false);
            sent++;
        } else {
            sleep_for(20e-6);
        }
    }
    printf("rate=%f\n", acknowledged / (seconds(CLOCK_MONOTONIC) - start));
    printf("cpu.us=%f\n", (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / acknowledged);
}

static void latency(int port, int rate, long count) {
    struct mosquitto *publisher = client("peer", port, 1000);
    // The listener has had time to subscribe.
    sleep_for(0.5);
    double start = seconds(CLOCK_MONOTONIC), rest;
    for (long number = 0; number < count; number++) {
        while ((rest = start + number / (double)rate - seconds(CLOCK_MONOTONIC)) > 0) sleep_for(rest);
        char payload[64];
        // As long as the reading of the other side.
        memset(payload, ' ', sizeof payload);
        int length = snprintf(payload, sizeof payload, "\"v\":%.0f", seconds(CLOCK_MONOTONIC) * 1e6);
        payload[length] = ' ';
        mosquitto_publish(publisher, NULL, "apus/peer/readings", sizeof payload, payload, 1, false);
    }
    while (acknowledged < count) sleep_for(0.001);
}

static void listen_for(int port, long count) {
    wanted = count;
    latencies = calloc((size_t)count, sizeof *latencies);
    struct mosquitto *subscriber = client("listener", port, 1000);
    mosquitto_subscribe(subscriber, NULL, "apus/+/readings", 1);
    while (!subscribed) sleep_for(0.001);
    // Ten seconds without any are the end.
    for (long last = 0, idle = 0; received < count && idle < 10000; idle = received == last ? idle + 1 : 0) {
        last = received;
        sleep_for(0.001);
    }
    long found = received;
    if (found < count) {
        fprintf(stderr, "%ld of %ld came\n", found, count);
        exit(1);
    }
    qsort(latencies, (size_t)found, sizeof *latencies, compare);
    printf("p50.us=%f\np99.us=%f\n", latencies[found / 2], latencies[found * 99 / 100]);
}

int main(int count, char **words) {
    mosquitto_lib_init();
    if (count == 6 && !strcmp(words[1], "acked"))
        acked(atoi(words[2]), atoi(words[3]) / 1e3, atoi(words[4]), atoi(words[5]));
    else if (count == 5 && !strcmp(words[1], "latency"))
        latency(atoi(words[2]), atoi(words[3]), atol(words[4]));
    else if (count == 4 && !strcmp(words[1], "listen"))
        listen_for(atoi(words[2]), atol(words[3]));
    else
        return 64;
    return 0;
}
