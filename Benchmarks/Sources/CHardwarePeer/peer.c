#include "peer.h"
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t peer_i2c(const char *path, uint16_t address, int count) {
    int bus = open(path, O_RDWR | O_CLOEXEC);
    if (bus < 0) return -1;
    uint8_t number = 0, content[2];
    int64_t start = now();
    for (int i = 0; i < count; i++) {
        struct i2c_msg messages[2] = {
            {.addr = address, .flags = 0, .len = 1, .buf = &number},
            {.addr = address, .flags = I2C_M_RD, .len = 2, .buf = content},
        };
        struct i2c_rdwr_ioctl_data transaction = {messages, 2};
        if (ioctl(bus, I2C_RDWR, &transaction) < 0) {
            int code = errno;
            close(bus);
            errno = code;
            return -1;
        }
    }
    int64_t duration = now() - start;
    close(bus);
    return duration;
}

int64_t peer_edges(const char *path, unsigned int line, int count) {
    struct gpiod_chip *chip = gpiod_chip_open(path);
    struct gpiod_line_settings *settings = gpiod_line_settings_new();
    struct gpiod_line_config *lines = gpiod_line_config_new();
    struct gpiod_edge_event_buffer *buffer = gpiod_edge_event_buffer_new(64);
    if (!chip || !settings || !lines || !buffer) return -1;
    gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT);
    gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH);
    gpiod_line_config_add_line_settings(lines, &line, 1, settings);
    struct gpiod_line_request *request = gpiod_chip_request_lines(chip, NULL, lines);
    FILE *output = fopen("/dev/null", "w");
    if (!request || !output) return -1;
    setlinebuf(output);
    unsigned long last = 0;
    int64_t lost = 0;
    for (int taken = 0; taken < count;) {
        int events = gpiod_line_request_read_edge_events(request, buffer, 64);
        if (events < 0) return -1;
        for (int i = 0; i < events; i++, taken++) {
            struct gpiod_edge_event *event = gpiod_edge_event_buffer_get_event(buffer, (unsigned long)i);
            uint64_t time = gpiod_edge_event_get_timestamp_ns(event);
            unsigned long number = gpiod_edge_event_get_line_seqno(event);
            lost += (int64_t)(number - last - 1);
            last = number;
            fprintf(output, "%llu.%09llu\t%s\t%u\n", (unsigned long long)(time / 1000000000),
                    (unsigned long long)(time % 1000000000),
                    gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE ? "rising" : "falling",
                    gpiod_edge_event_get_line_offset(event));
        }
    }
    fclose(output);
    gpiod_line_request_release(request);
    gpiod_chip_close(chip);
    return lost;
}
