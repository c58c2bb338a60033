/*
 * test_http.c - the four paths, and that strangers get nothing: requests that pages, scanners and
 * attackers send are refused one by one, and after each the server answers as before.
 */
#include "daemon/http.h"

#include <sys/resource.h>

#include "daemon/health.h"
#include "daemon/http_rules.h"
#include "tests/unit/asking.h"
#include "tests/unit/hostile.h"

#define PATIENCE 300000 /* microseconds a client has in these tests */

static running at;
static sl_http *http;
static const char *address;

static void setup(void)
{
    running_begin(&at, "graphs");
    running_file("in.csv", "n\n1\n2\nthree\n");
    running_file("graphs/paid.yaml",
                 "stages:\n  - reader: csv\n    path: in.csv\n    columns: {n: integer}\n"
                 "    on_reject: drop\n  - exporter: csv\n    path: out.csv\n    mode: replace\n");
}

static int64_t patience = PATIENCE;

static sl_http *open_at(const char *where, int32_t fd)
{
    sl_http_options options = {.env = &sl_env_real,
                               .supervisor = at.supervisor,
                               .address = where,
                               .fd = fd,
                               .patience = patience};
    return sl_http_new(&at.uv, &options, &at.errors);
}

static void setup_open(void)
{
    setup();
    sl_supervisor_start(at.supervisor);
    running_until(&at, "paid", SL_SERVICE_DONE);
    http = open_at("127.0.0.1:0", -1);
    ck_assert_ptr_nonnull(http);
    address = sl_http_address(http);
}

static void teardown(void)
{
    sl_http_free(http);
    http = NULL;
    running_end(&at);
}

static asking *ask(const char *bytes, size_t size)
{
    asking *client = asking_begin(&at.uv, address, NULL, bytes, size);
    asking_until_closed(client);
    return client;
}

static asking *say(const char *text)
{
    return ask(text, strlen(text));
}

static asking *get(const char *path, const char *headers)
{
    static char text[2000];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, headers);
    return ask(text, strlen(text));
}

static void is_alive(const char *after)
{
    asking *client = get("/livez", "");
    ck_assert_msg(asking_status(client) == 200 && strstr(client->text, "\r\n\r\nok\n"),
                  "after %s: '%.1500s'", after, client->text);
    asking_end(client);
}

static void has(const asking *client, const char *part)
{
    ck_assert_msg(strstr(client->text, part) != NULL, "no '%s' in '%.1500s'", part, client->text);
}

static int count_of(const char *text, const char *part)
{
    int count = 0;
    while ((text = strstr(text, part)) != NULL) {
        count++;
        text += strlen(part);
    }
    return count;
}

/* ---- What is answered -------------------------------------------------------------------------
 */

START_TEST(metrics_are_given_in_the_wanted_spelling)
{
    asking *client = get("/metrics", "");
    has(client, "HTTP/1.1 200 OK\r\n");
    has(client, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    has(client, "\r\nConnection: close\r\n");
    has(client, "\r\nX-Content-Type-Options: nosniff\r\n");
    has(client, "\nsluice_graph_state{graph=\"paid\",state=\"done\"} 1\n");
    ck_assert_ptr_null(strstr(client->text, "# EOF"));
    asking_end(client);
    client = get("/metrics", "Accept: application/openmetrics-text;version=1.0.0;q=0.5,"
                             "text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n");
    has(client, "\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
    ck_assert_str_eq(client->text + client->got - 7, "\n# EOF\n");
    asking_end(client);
}
END_TEST

START_TEST(head_has_no_body)
{
    static const char request[] = "HEAD /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    asking *client = ask(request, sizeof request - 1);
    ck_assert_int_eq(asking_status(client), 200);
    ck_assert_str_eq(client->text + client->got - 4, "\r\n\r\n");
    ck_assert_int_eq(count_of(client->text, "\r\n\r\n"), 1);
    has(client, "\r\nContent-Length: ");
    asking_end(client);
}
END_TEST

START_TEST(loopback_has_three_names)
{
    static const char *const names[] = {"localhost",   "LocalHost:9187", "127.0.0.1",
                                        "127.0.0.1:1", "[::1]",          "[::1]:65535"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[200];
        snprintf(text, sizeof text, "GET /livez HTTP/1.%d\r\nHost: %s\r\n\r\n", (int)(i % 2),
                 names[i]);
        asking *client = ask(text, strlen(text));
        ck_assert_msg(asking_status(client) == 200, "%s: %s", names[i], client->text);
        asking_end(client);
    }
}
END_TEST

static void is_unready(const char *reasons)
{
    sl_builder text = {.env = &sl_env_real};
    ck_assert_int_eq(sl_health_ready(at.supervisor, &text), 0);
    ck_assert_str_eq(text.data, reasons);
    sl_builder_done(&text);
}

START_TEST(ready_is_between_the_first_start_and_the_stop)
{
    sl_supervisor_start(at.supervisor);
    is_unready("graph 'paid': it is starting\n");
    running_until(&at, "paid", SL_SERVICE_DONE);
    http = open_at("127.0.0.1:0", -1);
    address = sl_http_address(http);
    asking *client = get("/readyz", "");
    ck_assert_int_eq(asking_status(client), 200);
    has(client, "\r\n\r\nok\n");
    asking_end(client);
    sl_service_run_now(running_graph(&at, "paid")); /* a later start is no reason */
    ck_assert_int_eq(running_graph(&at, "paid")->state, SL_SERVICE_STARTING);
    ck_assert_int_eq(sl_health_ready(at.supervisor, NULL), 1);
    running_until(&at, "paid", SL_SERVICE_DONE);
    running_graph(&at, "paid")->hangs = 1;
    is_unready("graph 'paid': a step has not come back for too long\n");
    running_graph(&at, "paid")->hangs = 0;
    at.house.draining = 1;
    is_unready("the daemon is stopping\n");
    at.house.draining = 0;
}
END_TEST

START_TEST(what_is_broken_is_not_ready)
{
    running_file("graphs/bad.yaml", "stages: [\n");
    running_file("graphs/gone.yaml", "stages:\n  - reader: csv\n    path: gone.csv\n"
                                     "  - exporter: csv\n    path: never.csv\n");
    sl_supervisor_start(at.supervisor);
    running_until(&at, "gone", SL_SERVICE_BACKOFF);
    running_until(&at, "paid", SL_SERVICE_DONE);
    http = open_at("127.0.0.1:0", -1);
    address = sl_http_address(http);
    asking *client = get("/readyz", "");
    ck_assert_int_eq(asking_status(client), 503);
    has(client, "file 'graphs/bad.yaml': it holds no sound graph\n");
    has(client, "graph 'gone': it failed 1 times in a row, the last with code 66, and will be "
                "started again\n");
    ck_assert_ptr_null(strstr(client->text, "paid"));
    asking_end(client);
    client = get("/healthz", "");
    ck_assert_int_eq(asking_status(client), 503);
    has(client, "\r\nContent-Type: application/json\r\n");
    has(client, "{\"graph\":\"gone\",\"state\":\"backoff\",\"ready\":false,\"reason\":\"it failed");
    has(client, "{\"graph\":\"paid\",\"state\":\"done\",\"ready\":true,\"reason\":null}");
    has(client, "\"broken\":[{\"file\":\"graphs/bad.yaml\",\"code\":78}]");
    has(client, "\"status\":\"not ready\"");
    ck_assert_ptr_null(strstr(client->text, "gone.csv")); /* an error's line may show data */
    asking_end(client);
}
END_TEST

/* ---- Unix sockets, and addresses ----------------------------------------------------------------
 */

START_TEST(a_unix_socket_tells_more)
{
    struct stat info;
    running_file("graphs/gone.yaml", "stages:\n  - reader: csv\n    path: gone.csv\n"
                                     "  - exporter: csv\n    path: never.csv\n");
    sl_supervisor_start(at.supervisor);
    running_until(&at, "gone", SL_SERVICE_BACKOFF);
    char where[300], from[320];
    snprintf(where, sizeof where, "unix:%s/socket", at.folder);
    http = open_at(where, -1);
    ck_assert_ptr_nonnull(http);
    address = sl_http_address(http);
    ck_assert_str_eq(address, where);
    ck_assert_int_eq(stat("socket", &info), 0);
    ck_assert_int_eq(info.st_mode & 07777, 0660);
    asking *client = say("GET /healthz HTTP/1.0\r\n\r\n");
    has(client, "\"error\":\"graphs/gone.yaml:3:11: stage 'csv', option 'path': there is no file "
                "'gone.csv'\"");
    asking_end(client);
    client = say("GET /livez HTTP/1.1\r\nHost: anything\r\n\r\n");
    ck_assert_int_eq(asking_status(client), 200);
    asking_end(client);
    client = say("GET /livez HTTP/1.1\r\nHost: x\r\nOrigin: http://evil\r\n\r\n");
    ck_assert_int_eq(asking_status(client), 403);
    asking_end(client);
    /* A client whose own name is as long as can be. */
    snprintf(from, sizeof from, "%s/%0*d", at.folder, (int)(106 - strlen(at.folder)), 1);
    client = asking_begin(&at.uv, address, from, "GET /livez HTTP/1.0\r\n\r\n", 23);
    asking_until_closed(client);
    ck_assert_int_eq(asking_status(client), 200);
    asking_end(client);
    sl_http_free(http);
    http = NULL;
    ck_assert_int_ne(stat("socket", &info), 0);
}
END_TEST

START_TEST(a_place_that_is_taken_is_left_alone)
{
    char where[300];
    struct stat info;
    snprintf(where, sizeof where, "unix:%s/socket", at.folder);
    running_file("socket", "a file of somebody's\n");
    ck_assert_ptr_null(open_at(where, -1));
    ck_assert_ptr_nonnull(strstr(at.errors.list[0].message, "something else is there"));
    ck_assert_int_eq(stat("socket", &info), 0);
    unlink("socket");
    http = open_at(where, -1);
    ck_assert_ptr_nonnull(http);
    ck_assert_ptr_null(open_at(where, -1)); /* somebody listens there */
    ck_assert_int_eq(at.errors.list[1].code, SL_CODE_TRY_AGAIN);
    address = sl_http_address(http);
    asking *client = say("GET /livez HTTP/1.0\r\n\r\n");
    ck_assert_int_eq(asking_status(client), 200);
    asking_end(client);
}
END_TEST

START_TEST(a_socket_that_was_left_over_is_replaced)
{
    char where[300];
    struct sockaddr_un left = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&left, sizeof left), 0);
    close(fd);
    snprintf(where, sizeof where, "unix:%s/socket", at.folder);
    http = open_at(where, -1);
    ck_assert_ptr_nonnull(http);
    address = sl_http_address(http);
    asking *client = say("GET /livez HTTP/1.0\r\n\r\n");
    ck_assert_int_eq(asking_status(client), 200);
    asking_end(client);
}
END_TEST

static int listening(in_addr_t on)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(on)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    ck_assert_int_eq(listen(fd, 10), 0);
    return fd;
}

START_TEST(a_socket_may_be_handed_over)
{
    int fd = listening(INADDR_ANY); /* reachable from elsewhere */
    ck_assert_ptr_null(open_at(NULL, fd));
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1); /* taken, and closed */
    http = open_at(NULL, listening(INADDR_LOOPBACK));
    ck_assert_ptr_nonnull(http);
    address = sl_http_address(http);
    is_alive("the socket was handed over");
}
END_TEST

START_TEST(addresses_elsewhere_are_refused)
{
    static const char *const places[] = {
        "0.0.0.0:9187", "127.0.0.1", "127.0.0.1:",     "127.0.0.1:70000",   "127.0.0.1:80x",
        "127.0.0.1:-1", "[::]:9187", "localhost:9187", "192.168.0.1:9187",  ":9187",
        "9187",         "",          "unix:",          "unix:relative.sock"};
    char text[300];
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        ck_assert_ptr_null(open_at(places[i], -1));
        ck_assert_int_eq(at.errors.list[i].code, SL_CODE_USAGE);
    }
    snprintf(text, sizeof text, "unix:/%0*d", 120, 1);
    ck_assert_ptr_null(open_at(text, -1));
    ck_assert_ptr_null(open_at("unix:/no/such/directory/socket", -1));
}
END_TEST

/* ---- Hostile requests ---------------------------------------------------------------------------
 */

START_TEST(a_hostile_request_is_refused)
{
    const hostile *of = &hostiles[_i];
    asking *client = ask(of->bytes, of->size);
    int status = asking_status(client), found = 0;
    for (int i = 0; i < 4; i++)
        found |= of->statuses[i] == status;
    ck_assert_msg(found, "%s: %d in '%.1500s'", of->name, status, client->text);
    ck_assert_ptr_null(strstr(client->text, "HTTP/1.1 2"));
    ck_assert_ptr_null(strstr(client->text, "sluice_"));
    ck_assert_ptr_null(strstr(client->text, "Access-Control"));
    asking_end(client);
    is_alive(of->name);
}
END_TEST

/* One answer, and the connection ends: what is behind the first request is nobody's. */
START_TEST(pipelining_gets_one_answer)
{
    static const char request[] = "GET /livez HTTP/1.1\r\n" H "\r\n" GET H "\r\n" GET H "\r\n";
    asking *client = ask(request, sizeof request - 1);
    ck_assert_int_eq(asking_status(client), 200);
    ck_assert_int_eq(count_of(client->text, "Content-Length: "), 1);
    ck_assert_ptr_null(strstr(client->text, "sluice_"));
    asking_end(client);
    is_alive("pipelining");
}
END_TEST

/* A head that is too large, in four shapes. */
START_TEST(a_large_head_is_refused)
{
    static const struct {
        const char *begin, *repeated, *end;
        size_t size;
    } heads[] = {
        {GET H "X: ", "a", "\r\n\r\n", 1 << 20},
        {GET H "X: ", "a", "\r\n\r\n", 8300},
        {GET H, "Cookie: a=b\r\n", "\r\n", 1 << 18},
        {"GET /", "a", " HTTP/1.1\r\n" H "\r\n", 1 << 20},
        {"GET /", "a", " HTTP/1.1\r\n" H "\r\n", 9000},
        {"", "a", "", 1 << 16},
        {"", "\r\n", "", 1 << 16},
        {GET H, "\r", "", 1 << 16},
    };
    sl_builder text = {.env = &sl_env_real};
    sl_builder_word(&text, heads[_i].begin);
    while (text.size < heads[_i].size)
        sl_builder_word(&text, heads[_i].repeated);
    sl_builder_word(&text, heads[_i].end);
    asking *client = ask(text.data, text.size);
    int status = asking_status(client);
    ck_assert_msg(status == 431 || status == 414 || status == 413 || status == 400 || status == 0,
                  "%d", status);
    ck_assert_ptr_null(strstr(client->text, "sluice_"));
    asking_end(client);
    sl_builder_done(&text);
    is_alive("a large head");
}
END_TEST

START_TEST(bytes_of_no_sense_do_no_harm)
{
    static char bytes[4096];
    uint64_t seed = 88172645463325252u + (uint64_t)_i;
    for (size_t i = 0; i < sizeof bytes; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        bytes[i] = (char)(seed >> 32);
        if (_i % 2 == 1 && seed % 7 == 0) /* more like HTTP */
            bytes[i] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"[seed % 43];
    }
    asking *client = ask(bytes, sizeof bytes);
    ck_assert_int_ne(asking_status(client), 200);
    asking_end(client);
    is_alive("bytes of no sense");
}
END_TEST

/* ---- Hostile clients ----------------------------------------------------------------------------
 */

START_TEST(slow_clients_do_not_stay)
{
    asking *clients[64];
    int turned_away = 0;
    sl_http_free(http);
    patience = 2000000; /* all of them are there before the first must go */
    http = open_at("127.0.0.1:0", -1);
    patience = PATIENCE;
    address = sl_http_address(http);
    uint64_t began = uv_hrtime();
    for (int i = 0; i < 64; i++) {
        clients[i] = asking_begin(&at.uv, address, NULL, GET "X: ", sizeof(GET "X: ") - 1);
        uv_run(&at.uv, UV_RUN_NOWAIT);
    }
    for (int i = 0; i < 64; i++) {
        asking_until_closed(clients[i]);
        turned_away += asking_status(clients[i]) == 503;
        ck_assert_ptr_null(strstr(clients[i]->text, "sluice_"));
        asking_end(clients[i]);
    }
    ck_assert_int_eq(turned_away, 32);
    uint64_t took = (uv_hrtime() - began) / 1000;
    ck_assert_msg(took >= 2000000 && took < 20000000, "%lu", (unsigned long)took);
    is_alive("slow clients");
}
END_TEST

typedef struct dribble {
    uv_timer_t timer;
    asking *client;
} dribble;

static void send_byte(uv_timer_t *timer)
{
    const dribble *of = timer->data;
    send(of->client->fd, "a", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Always busy, never done: the time since it connected is what counts. */
START_TEST(a_dribbling_client_does_not_stay)
{
    dribble of = {.client = asking_begin(&at.uv, address, NULL, GET "X: ", sizeof(GET "X: ") - 1)};
    uint64_t began = uv_hrtime();
    uv_timer_init(&at.uv, &of.timer);
    of.timer.data = &of;
    uv_timer_start(&of.timer, send_byte, 5, 5);
    asking_until_closed(of.client);
    uint64_t took = (uv_hrtime() - began) / 1000;
    ck_assert_msg(took >= PATIENCE && took < 10 * PATIENCE, "%lu", (unsigned long)took);
    ck_assert_int_eq(asking_status(of.client), 0);
    asking_end(of.client);
    uv_close((uv_handle_t *)&of.timer, NULL);
    is_alive("a dribbling client");
}
END_TEST

START_TEST(clients_that_break_off_do_no_harm)
{
    for (int i = 0; i < 100; i++) {
        struct linger reset = {.l_onoff = i % 2, .l_linger = 0};
        asking *client = asking_begin(&at.uv, address, NULL, GET H "\r\n",
                                      i % 3 == 0 ? 0 : sizeof(GET H "\r\n") - 1);
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        if (i % 5 == 0)
            uv_run(&at.uv, UV_RUN_NOWAIT);
        asking_end(client);
    }
    is_alive("clients that broke off");
}
END_TEST

START_TEST(closing_does_not_wait_for_clients)
{
    asking *clients[10];
    for (int i = 0; i < 10; i++) {
        clients[i] = asking_begin(&at.uv, address, NULL, "GET ", 4);
        uv_run(&at.uv, UV_RUN_NOWAIT);
    }
    sl_http_free(http);
    http = NULL;
    for (int i = 0; i < 10; i++) {
        asking_until_closed(clients[i]);
        asking_end(clients[i]);
    }
}
END_TEST

/* No descriptor for one more client: the daemon does not spin, and answers when there is one. */
START_TEST(without_descriptors_it_waits)
{
    static const char request[] = "GET /livez HTTP/1.1\r\n" H "\r\n";
    struct rlimit before, now;
    asking *client = asking_begin(&at.uv, address, NULL, request, sizeof request - 1);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    now.rlim_cur = (rlim_t)client->fd + 1;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
    int holes[1024], count = 0, rounds = 0;
    while (count < 1024 && (holes[count] = dup(client->fd)) >= 0)
        count++;
    for (; rounds < 3; rounds++)
        uv_run(&at.uv, UV_RUN_NOWAIT);
    ck_assert_int_eq(client->closed, 0);
    while (count > 0)
        close(holes[--count]);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    for (rounds = 0; !client->closed; rounds++)
        uv_run(&at.uv, UV_RUN_ONCE);
    ck_assert_int_eq(asking_status(client), 200);
    ck_assert_msg(rounds < 50, "%d rounds of the loop", rounds);
    asking_end(client);
}
END_TEST

/* ---- Rules --------------------------------------------------------------------------------------
 */

START_TEST(accept_says_which_spelling)
{
    static const struct {
        const char *accept;
        int32_t open;
    } table[] = {
        {NULL, 0},
        {"", 0},
        {"*/*", 0},
        {"text/plain", 0},
        {"text/html", 0},
        {"application/openmetrics-text", 1},
        {"APPLICATION/OpenMetrics-Text; Version=1.0.0", 1},
        {"application/openmetrics-text; version=1.0.0; charset=utf-8", 1},
        {"application/openmetrics-text;version=0.0.1", 0},
        {"application/openmetrics-text;version=1.0.0;q=0", 0},
        {"application/openmetrics-text;q=0.5,text/plain;q=0.6", 0},
        {"application/openmetrics-text;q=0.5,*/*;q=0.6", 0},
        {"application/openmetrics-text;q=0.5, text/plain;q=0.5", 1},
        {"application/openmetrics-text;q=0.5,text/plain;q=0.4,*/*;q=0.6", 1},
        {"application/openmetrics-text;q=1.5", 0},
        {"application/openmetrics-text;q=x", 0},
        {"application/openmetrics-textual", 0},
        {",,;;,application/openmetrics-text,", 1},
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
         "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_msg(sl_http_prefers_openmetrics(table[i].accept) == table[i].open, "%s",
                      table[i].accept);
}
END_TEST

static void add_open_tests(Suite *suite)
{
    TCase *tests = tcase_create("open");
    tcase_add_checked_fixture(tests, setup_open, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, metrics_are_given_in_the_wanted_spelling);
    tcase_add_test(tests, head_has_no_body);
    tcase_add_test(tests, loopback_has_three_names);
    tcase_add_loop_test(tests, a_hostile_request_is_refused, 0,
                        (int)(sizeof hostiles / sizeof *hostiles));
    tcase_add_test(tests, pipelining_gets_one_answer);
    tcase_add_loop_test(tests, a_large_head_is_refused, 0, 8);
    tcase_add_loop_test(tests, bytes_of_no_sense_do_no_harm, 0, 20);
    tcase_add_test(tests, slow_clients_do_not_stay);
    tcase_add_test(tests, a_dribbling_client_does_not_stay);
    tcase_add_test(tests, clients_that_break_off_do_no_harm);
    tcase_add_test(tests, closing_does_not_wait_for_clients);
    tcase_add_test(tests, without_descriptors_it_waits);
    suite_add_tcase(suite, tests);
}

int main(void)
{
    Suite *suite = suite_create("http");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, ready_is_between_the_first_start_and_the_stop);
    tcase_add_test(tests, what_is_broken_is_not_ready);
    tcase_add_test(tests, a_unix_socket_tells_more);
    tcase_add_test(tests, a_place_that_is_taken_is_left_alone);
    tcase_add_test(tests, a_socket_that_was_left_over_is_replaced);
    tcase_add_test(tests, a_socket_may_be_handed_over);
    tcase_add_test(tests, addresses_elsewhere_are_refused);
    tcase_add_test(tests, accept_says_which_spelling);
    suite_add_tcase(suite, tests);
    add_open_tests(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
