// sqlite-bench FILE MILLISECONDS BATCH [COMMITS]: rows of 64 bytes into SQLite as a C program does it, durably (WAL,
// synchronous=FULL), that many in a transaction, for so long and at least so many transactions. Prints rate, CPU time
// and bytes written a row, one `name=value` a line.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static double written(void) {
    FILE *file = fopen("/proc/self/io", "r");
    char line[128];
    double bytes = 0;
    while (file && fgets(line, sizeof line, file)) sscanf(line, "write_bytes: %lf", &bytes);
    if (file) fclose(file);
    return bytes;
}

static void check(sqlite3 *database, int code) {
    if (code == SQLITE_OK || code == SQLITE_DONE) return;
    fprintf(stderr, "sqlite-bench: %s\n", sqlite3_errmsg(database));
    exit(1);
}

int main(int count, char **arguments) {
    if (count != 4 && count != 5) {
        fprintf(stderr, "usage: sqlite-bench FILE MILLISECONDS BATCH [COMMITS]\n");
        return 64;
    }
    double limit = atof(arguments[2]) / 1000;
    int batch = atoi(arguments[3]);
    long commits = count == 5 ? atol(arguments[4]) : 0;
    sqlite3 *database;
    sqlite3_stmt *begin, *insert, *commit;
    check(NULL, sqlite3_open(arguments[1], &database));
    check(database, sqlite3_exec(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                           "CREATE TABLE r(id INTEGER PRIMARY KEY, time INTEGER, value BLOB)", 0, 0, 0));
    check(database, sqlite3_prepare_v2(database, "BEGIN", -1, &begin, 0));
    check(database, sqlite3_prepare_v2(database, "INSERT INTO r(time, value) VALUES(?, ?)", -1, &insert, 0));
    check(database, sqlite3_prepare_v2(database, "COMMIT", -1, &commit, 0));
    unsigned char row[64];
    for (int i = 0; i < 64; i++) row[i] = rand();
    double start = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_PROCESS_CPUTIME_ID), before = written(), time;
    long rows = 0;
    do {
        check(database, sqlite3_step(begin));
        sqlite3_reset(begin);
        for (int i = 0; i < batch; i++, rows++) {
            sqlite3_bind_int64(insert, 1, rows);
            sqlite3_bind_blob(insert, 2, row, sizeof row, SQLITE_STATIC);
            check(database, sqlite3_step(insert));
            sqlite3_reset(insert);
        }
        check(database, sqlite3_step(commit));
        sqlite3_reset(commit);
        time = seconds(CLOCK_MONOTONIC) - start;
    } while (time < limit || rows < commits * batch);
    printf("rate=%f\n", rows / time);
    printf("cpu.us=%f\n", (seconds(CLOCK_PROCESS_CPUTIME_ID) - used) * 1e6 / rows);
    printf("bytes=%f\n", (written() - before) / rows);
    return 0;
}
