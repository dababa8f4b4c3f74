// A plugin of mosquitto that writes down every reading the broker takes over: behind each other, the length of a message
// (32 bits, little-endian) and the message, into the file that plugin_opt_file names.
//
// The broker calls this for a message before it acknowledges it, and acknowledges it only when this has returned. What a
// device has acknowledged is therefore in the file, even if the broker is killed; only the last message of a killed
// broker can be cut short, and that one is not acknowledged.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

static mosquitto_plugin_id_t *plugin;
static int file = -1;

static int record(int event, void *data, void *user) {
    (void)event;
    (void)user;
    const struct mosquitto_evt_message *message = data;
    const char *kind = strrchr(message->topic, '/');
    if (kind == NULL || strcmp(kind, "/readings") != 0) return MOSQ_ERR_SUCCESS;
    uint32_t length = message->payloadlen;
    struct iovec parts[] = {{&length, sizeof length}, {message->payload, length}};
    // In one call. An error here ends the device's connection, without an acknowledgement.
    return writev(file, parts, 2) == (ssize_t)(sizeof length + length) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_UNKNOWN;
}

int mosquitto_plugin_version(int count, const int *versions) {
    for (int index = 0; index < count; index++) {
        if (versions[index] == 5) return 5;
    }
    return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **user, struct mosquitto_opt *options, int count) {
    (void)user;
    for (int index = 0; index < count; index++) {
        if (strcmp(options[index].key, "file") == 0) {
            file = open(options[index].value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        }
    }
    if (file < 0) {
        perror("message-recorder: plugin_opt_file");
        return MOSQ_ERR_INVAL;
    }
    plugin = id;
    return mosquitto_callback_register(plugin, MOSQ_EVT_MESSAGE, record, NULL, NULL);
}

int mosquitto_plugin_cleanup(void *user, struct mosquitto_opt *options, int count) {
    (void)user;
    (void)options;
    (void)count;
    return mosquitto_callback_unregister(plugin, MOSQ_EVT_MESSAGE, record, NULL);
}
