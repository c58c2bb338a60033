/*
 * test_protocol.c - the control socket's language: lines, requests, answers, and what strangers
 * send.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/protocol.h"
#include "stages/json.h"
#include "tests/harness/fake_env.h"

static sl_fake_env fake;
static sl_splitter splitter;
static sl_builder builder;
static uint64_t state;

static uint32_t roll(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % below;
}

static void begin(void)
{
    sl_fake_env_init(&fake);
    splitter = (sl_splitter){.env = &fake.env};
    builder = (sl_builder){.env = &fake.env};
    state = 0x9e3779b97f4a7c15u;
}

static void end(void)
{
    sl_splitter_done(&splitter);
    sl_builder_done(&builder);
    ck_assert_int_eq(fake.live, 0);
    sl_fake_env_done(&fake);
}

/* ---- Lines ------------------------------------------------------------------------------------
 */

START_TEST(cuts_lines_however_they_come)
{
    static const char text[] = "one\n\ntwo words\r\nthree\nrest";
    static const char *const want[] = {"one", "", "two words\r", "three"};
    for (size_t step = 1; step <= sizeof text; step++) {
        size_t lines = 0;
        for (size_t at = 0; at < sizeof text - 1; at += step) {
            const char *bytes = text + at;
            size_t size = sizeof text - 1 - at < step ? sizeof text - 1 - at : step, length;
            char *line;
            while (sl_splitter_next(&splitter, &bytes, &size, &line, &length) == 1) {
                ck_assert_uint_lt(lines, 4);
                ck_assert_str_eq(line, want[lines]);
                ck_assert_uint_eq(length, strlen(want[lines]));
                lines++;
            }
            ck_assert_uint_eq(size, 0);
        }
        ck_assert_uint_eq(lines, 4);
        ck_assert(sl_splitter_open(&splitter)); /* "rest" */
        sl_splitter_done(&splitter);
        ck_assert(!sl_splitter_open(&splitter));
    }
}
END_TEST

START_TEST(bounds_lines)
{
    char *text = malloc(SL_PROTOCOL_LINE + 2), *line;
    memset(text, 'x', SL_PROTOCOL_LINE + 2);
    text[SL_PROTOCOL_LINE] = '\n';
    const char *bytes = text;
    size_t size = SL_PROTOCOL_LINE + 1, length;
    ck_assert_int_eq(sl_splitter_next(&splitter, &bytes, &size, &line, &length), 1);
    ck_assert_uint_eq(length, SL_PROTOCOL_LINE);
    text[SL_PROTOCOL_LINE] = 'x';
    for (size_t at = 0; at <= SL_PROTOCOL_LINE; at++) { /* a byte at a time, no end in sight */
        bytes = text + at;
        size = 1;
        int32_t got = sl_splitter_next(&splitter, &bytes, &size, &line, &length);
        ck_assert_int_eq(got, at < SL_PROTOCOL_LINE ? 0 : -1);
    }
    ck_assert_uint_le(splitter.room, SL_PROTOCOL_LINE + 1);
    bytes = "\n";
    size = 1;
    ck_assert_int_eq(sl_splitter_next(&splitter, &bytes, &size, &line, &length), -1); /* stays */
    free(text);
}
END_TEST

START_TEST(lines_without_memory)
{
    const char *bytes = "status\n";
    size_t size = 7, length;
    char *line;
    fake.refuse_at = fake.allocations + 1;
    ck_assert_int_eq(sl_splitter_next(&splitter, &bytes, &size, &line, &length), -2);
    fake.refuse_at = 0;
    ck_assert_int_eq(sl_splitter_next(&splitter, &bytes, &size, &line, &length), -2);
}
END_TEST

/* Any bytes in any pieces give the lines that a look at the whole gives. */
START_TEST(random_bytes_are_cut_right)
{
    static char text[200000], line_want[200000];
    for (int round = 0; round < 60; round++) {
        size_t total = roll(sizeof text), at = 0, start = 0;
        uint32_t density = 2 + roll(round % 3 == 0 ? 100000 : 200);
        for (size_t i = 0; i < total; i++)
            text[i] = roll(density) == 0 ? '\n' : (char)roll(256);
        int over = 0;
        while (at < total && !over) {
            size_t piece = 1 + roll(roll(2) ? 10 : 5000), length;
            piece = piece > total - at ? total - at : piece;
            const char *bytes = text + at;
            at += piece;
            char *line;
            int32_t got;
            while ((got = sl_splitter_next(&splitter, &bytes, &piece, &line, &length)) == 1) {
                memcpy(line_want, text + start, length);
                ck_assert_mem_eq(line, line_want, length);
                ck_assert_int_eq(text[start + length], '\n');
                ck_assert_uint_le(length, SL_PROTOCOL_LINE);
                memset(line, 'z', length); /* the caller may change it */
                start += length + 1;
            }
            over = got < 0;
        }
        const char *next = memchr(text + start, '\n', total - start);
        size_t left = next == NULL ? total - start : (size_t)(next - text) - start;
        ck_assert_int_eq(over, left > SL_PROTOCOL_LINE);
        sl_splitter_done(&splitter);
    }
}
END_TEST

/* ---- Requests ---------------------------------------------------------------------------------
 */

static char room[SL_PROTOCOL_LINE + 1];

static int32_t read_request(const char *text, sl_request *request, sl_refusal *refusal)
{
    ck_assert_uint_lt(strlen(text), sizeof room);
    strcpy(room, text);
    return sl_request_read(room, strlen(text), request, refusal);
}

static sl_request good(const char *text)
{
    sl_request request;
    sl_refusal refusal = {.code = SL_CODE_PERMISSION};
    ck_assert_msg(read_request(text, &request, &refusal) == 0, "%s: %s", text, refusal.message);
    ck_assert_int_eq(refusal.code, SL_CODE_PERMISSION); /* the caller's, who may refuse it still */
    return request;
}

START_TEST(reads_requests)
{
    sl_request request = good("{\"sluice\":1,\"verb\":\"status\"}");
    ck_assert_int_eq(request.verb, SL_VERB_STATUS);
    ck_assert(request.graph == NULL && request.rows == -1 && request.rehearse == 0);
    request = good(" { \"verb\" : \"tap\",\"rows\":10, \"stage\":\"wh\\u0065re\", \"where\":\"a > "
                   "\\\"1\\\"\",\"graph\":\"orders\", \"sluice\" : 1 } \r");
    ck_assert_int_eq(request.verb, SL_VERB_TAP);
    ck_assert_str_eq(request.graph, "orders");
    ck_assert_str_eq(request.stage, "where");
    ck_assert_str_eq(request.where, "a > \"1\"");
    ck_assert_int_eq(request.rows, 10);
    request = good("{\"sluice\":1,\"verb\":\"send\",\"graph\":\"o\",\"arguments\":{\"rows\": [1, "
                   "\"a}\"]},\"stage\":\"limit\",\"message\":\"set\"}");
    ck_assert_str_eq(request.arguments, "{\"rows\": [1, \"a}\"]}");
    ck_assert_str_eq(request.stage, "limit");
    ck_assert_str_eq(request.message, "set");
    request = good("{\"sluice\":1,\"verb\":\"reload\",\"dry_run\":true}");
    ck_assert_int_eq(request.rehearse, 1);
    request = good("{\"sluice\":1,\"verb\":\"top\",\"interval\":500000}");
    ck_assert_int_eq(request.interval, 500000);
    request = good("{\"sluice\":1,\"verb\":\"rejects\",\"graph\":\"o\",\"words\":[\"12\", \"]\"],"
                   "\"action\":\"show\",\"after\":\"3:7\",\"format\":\"json\"}");
    ck_assert_str_eq(request.words, "[\"12\", \"]\"]");
    ck_assert_str_eq(request.action, "show");
    ck_assert_str_eq(request.after, "3:7");
    ck_assert_str_eq(request.format, "json");
}
END_TEST

START_TEST(refuses_what_is_no_request)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"", "no JSON object"},
        {"status", "no JSON object"},
        {"[1]", "no JSON object"},
        {"{\"sluice\":1,\"verb\":\"status\"", "no valid JSON"},
        {"{\"sluice\":1,\"verb\":\"status\"} {}", "no valid JSON"},
        {"{\"sluice\":1,'verb':1}", "no valid JSON"},
        {"{\"verb\":\"status\"}", "has no 'sluice'"},
        {"{\"sluice\":\"1\",\"verb\":\"status\"}", "'sluice' must be the version"},
        {"{\"sluice\":1.5,\"verb\":\"status\"}", "'sluice' must be the version"},
        {"{\"sluice\":2,\"verb\":\"status\"}", "version 2 of the protocol is not spoken"},
        {"{\"sluice\":1}", "there is no verb ''"},
        {"{\"sluice\":1,\"verb\":\"stat\"}", "there is no verb 'stat'"},
        {"{\"sluice\":1,\"verb\":7}", "there is no verb ''"},
        {"{\"sluice\":1,\"verb\":\"status\\u0000x\"}", "there is no verb ''"},
        {"{\"sluice\":1,\"verb\":\"status\",\"x\":1}", "unknown member 'x'"},
        {"{\"sluice\":1,\"verb\":\"stop\",\"verb\":\"status\"}", "'verb' stands twice"},
        {"{\"sluice\":1,\"verb\":\"status\",\"graph\":\"a\",\"gr\\u0061ph\":\"b\"}",
         "stands twice"},
        {"{\"sluice\":1,\"verb\":\"pause\"}", "'pause' needs 'graph'"},
        {"{\"sluice\":1,\"verb\":\"tap\",\"graph\":\"a\"}", "'tap' needs 'stage'"},
        {"{\"sluice\":1,\"verb\":\"pause\",\"graph\":\"a\",\"stage\":\"b\"}",
         "'pause' takes no 'stage'"},
        {"{\"sluice\":1,\"verb\":\"pause\",\"graph\":7}", "'graph' must be text"},
        {"{\"sluice\":1,\"verb\":\"pause\",\"graph\":\"\"}", "'graph' must be text"},
        {"{\"sluice\":1,\"verb\":\"pause\",\"graph\":\"a\\u0000b\"}", "'graph' must be text"},
        {"{\"sluice\":1,\"verb\":\"step\",\"graph\":\"a\",\"batches\":0}",
         "'batches' must be a whole number from 1"},
        {"{\"sluice\":1,\"verb\":\"step\",\"graph\":\"a\",\"batches\":1e3}", "'batches' must be"},
        {"{\"sluice\":1,\"verb\":\"step\",\"graph\":\"a\",\"batches\":99999999999999999999}",
         "'batches' must be"},
        {"{\"sluice\":1,\"verb\":\"top\",\"interval\":1}", "'interval' must be"},
        {"{\"sluice\":1,\"verb\":\"reload\",\"dry_run\":1}", "'dry_run' must be true or false"},
        {"{\"sluice\":1,\"verb\":\"send\",\"graph\":\"a\",\"stage\":\"b\",\"message\":\"c\","
         "\"arguments\":[1]}",
         "'arguments' must be an object"},
        {"{\"sluice\":1,\"verb\":\"rejects\",\"graph\":\"a\",\"action\":\"set\"}",
         "'rejects' has no action 'set', only ls show retry drop"},
        {"{\"sluice\":1,\"verb\":\"checkpoint\",\"graph\":\"a\",\"action\":\"s\"}",
         "no action 's'"},
        {"{\"sluice\":1,\"verb\":\"rejects\",\"graph\":\"a\",\"format\":\"csv\"}",
         "'format' must be text or json"},
        {"{\"sluice\":1,\"verb\":\"rejects\",\"graph\":\"a\",\"words\":[1]}",
         "'words' must be an array of texts"},
        {"{\"sluice\":1,\"verb\":\"rejects\",\"graph\":\"a\",\"words\":\"1\"}",
         "'words' must be an array of texts"},
        {"{\"sluice\":1,\"verb\":\"status\",\"graph\":[[[[[[[[1]]]]]]]]}", "nested deeper than 8"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sl_request request;
        sl_refusal refusal;
        ck_assert_msg(read_request(wrong[i].text, &request, &refusal) == -1, "%s", wrong[i].text);
        ck_assert_msg(strstr(refusal.message, wrong[i].message) != NULL, "%s: %s", wrong[i].text,
                      refusal.message);
        ck_assert_int_eq(refusal.code, SL_CODE_USAGE);
    }
}
END_TEST

static const char *pick(const char *const *words, uint32_t count)
{
    return roll(3) == 0 ? NULL : words[roll(count)];
}

/* What a client writes is what the daemon reads, for every verb. */
START_TEST(requests_go_there_and_back)
{
    static const char *const texts[] = {"orders", "a \"b\" \\ \n \x01 \xc3\xa4", "}{][,:", "x"};
    static const char *const objects[] = {"{}", "{\"a\":{\"b\":[1,\"}\"]}}"};
    static const char *const lists[] = {"[]", "[\"12\",\"{]}\"]"}, *const actions[] = {"ls",
                                                                                       "drop"};
    uint32_t accepted = 0;
    for (int i = 0; i < 60000; i++) {
        sl_refusal refusal;
        sl_request got, sent = {.verb = (sl_verb_id)roll(SL_VERBS),
                                .graph = pick(texts, 4),
                                .stage = pick(texts, 4),
                                .where = roll(3) ? NULL : pick(texts, 4),
                                .message = roll(2) ? NULL : pick(texts, 4),
                                .arguments = roll(3) ? NULL : pick(objects, 2),
                                .level = roll(3) ? NULL : pick(texts, 4),
                                .action = roll(3) ? NULL : pick(actions, 2),
                                .words = roll(3) ? NULL : pick(lists, 2),
                                .after = roll(3) ? NULL : pick(texts, 4),
                                .rows = roll(2) ? -1 : INT64_C(1) + roll(1000),
                                .batches = roll(3) ? -1 : INT64_C(1) + roll(1000),
                                .interval = roll(3) ? -1 : INT64_C(100000) + roll(1000),
                                .rehearse = roll(4) == 0};
        sl_builder_clear(&builder);
        sl_request_write(&sent, &builder);
        ck_assert_ptr_eq(strchr(builder.data, '\n'), builder.data + builder.size - 1);
        builder.data[builder.size - 1] = '\0';
        if (read_request(builder.data, &got, &refusal) != 0) {
            ck_assert(strstr(refusal.message, " needs '") ||
                      strstr(refusal.message, " takes no '"));
            continue;
        }
        accepted++;
        ck_assert_int_eq(got.verb, sent.verb);
        ck_assert_pstr_eq(got.graph, sent.graph);
        ck_assert_pstr_eq(got.stage, sent.stage);
        ck_assert_pstr_eq(got.where, sent.where);
        ck_assert_pstr_eq(got.message, sent.message);
        ck_assert_pstr_eq(got.arguments, sent.arguments);
        ck_assert_pstr_eq(got.level, sent.level);
        ck_assert_pstr_eq(got.action, sent.action);
        ck_assert_pstr_eq(got.words, sent.words);
        ck_assert_pstr_eq(got.after, sent.after);
        ck_assert_int_eq(got.rows, sent.rows);
        ck_assert_int_eq(got.batches, sent.batches);
        ck_assert_int_eq(got.interval, sent.interval);
        ck_assert_int_eq(got.rehearse, sent.rehearse);
    }
    ck_assert_uint_gt(accepted, 200);
}
END_TEST

START_TEST(verbs_have_rights)
{
    uint32_t writing = 0;
    for (int verb = 0; verb < SL_VERBS; verb++) {
        const char *name = sl_protocol_verb((sl_verb_id)verb);
        ck_assert_ptr_nonnull(name);
        ck_assert_int_eq(sl_protocol_verb_of(name), verb);
        ck_assert(sl_protocol_allows((sl_verb_id)verb, NULL, 0, 999));
        ck_assert(sl_protocol_allows((sl_verb_id)verb, NULL, 999, 999));
        ck_assert_int_eq(sl_protocol_allows((sl_verb_id)verb, NULL, 1000, 999),
                         !sl_protocol_writes((sl_verb_id)verb, NULL));
        writing += sl_protocol_writes((sl_verb_id)verb, NULL) != 0;
    }
    ck_assert_uint_eq(writing, 10);
    ck_assert_int_eq(sl_protocol_writes(SL_VERB_TAP, NULL), 0);
    ck_assert_int_eq(sl_protocol_writes(SL_VERB_RAISE, NULL), 1);
    static const char *const reads[] = {"ls", "show"}, *const changes[] = {"retry", "drop"};
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(sl_protocol_writes(SL_VERB_REJECTS, reads[i]), 0);
        ck_assert_int_eq(sl_protocol_writes(SL_VERB_REJECTS, changes[i]), 1);
        ck_assert(sl_protocol_allows(SL_VERB_CHECKPOINT, reads[i], 1000, 999));
    }
    ck_assert(!sl_protocol_allows(SL_VERB_CHECKPOINT, "rewind", 1000, 999));
    ck_assert(sl_protocol_allows(SL_VERB_CHECKPOINT, "rewind", 999, 999));
    ck_assert_int_eq(sl_protocol_verb_of("statu"), -1);
}
END_TEST

/* Good requests with bytes changed, left out and put in: read or refused, and never more. */
START_TEST(survives_changed_requests)
{
    static const char *const seeds[] = {
        "{\"sluice\":1,\"verb\":\"tap\",\"graph\":\"orders\",\"stage\":\"where\",\"rows\":10}",
        ("{\"sluice\":1,\"verb\":\"send\",\"graph\":\"o\",\"stage\":\"s\",\"message\":\"m\","
         "\"arguments\":{\"a\":[1,{\"b\":\"\\u00e4\\\"\"}]}}"),
        "{\"sluice\":1,\"verb\":\"reload\",\"dry_run\":true}",
        "{\"sluice\":1,\"verb\":\"log-level\",\"level\":\"debug\",\"graph\":\"\\ud83d\\ude00\"}",
    };
    static const char letters[] = "{}[]\",:\\u0123789abcdef-. \n\ttruefalsn";
    uint32_t read = 0, refused = 0;
    for (int i = 0; i < 100000; i++) {
        char text[400];
        sl_request request;
        sl_refusal refusal;
        strcpy(text, seeds[roll(4)]);
        size_t size = strlen(text);
        for (uint32_t k = 1 + roll(4); k > 0 && size > 1; k--) {
            size_t at = roll((uint32_t)size);
            uint32_t kind = roll(4);
            if (kind == 0) {
                memmove(text + at, text + at + 1, size - at);
                size--;
            } else if (kind == 1 && size < sizeof text - 2) {
                memmove(text + at + 1, text + at, size - at + 1);
                text[at] = letters[roll(sizeof letters - 1)];
                size++;
            } else if (kind == 2) {
                text[at] = (char)roll(256);
            } else {
                text[at] = letters[roll(sizeof letters - 1)];
            }
        }
        char *own = malloc(size + 1); /* so that a byte too far is seen */
        memcpy(own, text, size);
        own[size] = '\0';
        if (sl_request_read(own, size, &request, &refusal) == 0) {
            read++;
            ck_assert(request.graph == NULL || strlen(request.graph) < size);
            ck_assert(request.arguments == NULL ||
                      sl_json_valid(request.arguments, strlen(request.arguments)));
        } else {
            refused++;
            ck_assert_uint_gt(strlen(refusal.message), 0);
            sl_answer answer = {.to = &builder};
            sl_builder_clear(&builder);
            ck_assert_int_eq(sl_answer_refused(&answer, &refusal), 0);
            ck_assert(sl_json_valid(builder.data, builder.size));
        }
        free(own);
    }
    ck_assert(read > 1000 && refused > 10000);
}
END_TEST

/* ---- Answers ----------------------------------------------------------------------------------
 */

START_TEST(writes_answers)
{
    sl_answer answer = {.to = &builder};
    sl_answer_item(&answer, "graph");
    sl_answer_text(&answer, "name", "a \"b\"\n");
    sl_answer_text(&answer, "reason", NULL);
    sl_answer_open(&answer, "stages", '[');
    sl_answer_open(&answer, NULL, '{');
    sl_answer_integer(&answer, "rows", -5);
    sl_answer_real(&answer, "busy", 0.25);
    sl_answer_real(&answer, "lag", (double)NAN);
    sl_answer_close(&answer);
    sl_answer_open(&answer, NULL, '{');
    sl_answer_close(&answer);
    sl_answer_integer(&answer, NULL, 7);
    sl_answer_close(&answer);
    sl_answer_boolean(&answer, "paused", 0);
    sl_answer_json(&answer, "row", "{\"id\":1}");
    ck_assert_int_eq(sl_answer_end(&answer), 0);
    sl_answer_ok(&answer);
    sl_answer_integer(&answer, "rows", 1);
    ck_assert_int_eq(sl_answer_end(&answer), 0);
    ck_assert_str_eq(builder.data,
                     "{\"item\":\"graph\",\"name\":\"a \\\"b\\\"\\n\",\"reason\":null,\"stages\":"
                     "[{\"rows\":-5,\"busy\":0.25,\"lag\":null},{},7],\"paused\":false,\"row\":"
                     "{\"id\":1}}\n{\"ok\":true,\"rows\":1}\n");
}
END_TEST

START_TEST(writes_errors_as_the_log_does)
{
    char *text = NULL;
    size_t size = 0;
    sl_error error = {.level = SL_LOG_WARNING,
                      .code = 78,
                      .message = "no such column 'a'",
                      .hint = "did you mean \"b\"?",
                      .file = "x.yaml",
                      .line = 3,
                      .column = 7,
                      .length = 2,
                      .stage = "where",
                      .option = "keep",
                      .source = "a.csv",
                      .row = 5,
                      .source_line = 6,
                      .data_column = "a"};
    FILE *to = open_memstream(&text, &size);
    sl_error_json(&error, to);
    fclose(to);
    sl_answer answer = {.to = &builder};
    ck_assert_int_eq(sl_answer_failed(&answer, &error), 0);
    char want[1000];
    snprintf(want, sizeof want, "{\"ok\":false,\"code\":78,\"error\":%s}\n", text);
    ck_assert_str_eq(builder.data, want);
    free(text);
}
END_TEST

START_TEST(bounds_answers)
{
    char *far = malloc(SL_PROTOCOL_LINE + 1);
    memset(far, 'x', SL_PROTOCOL_LINE);
    far[SL_PROTOCOL_LINE] = '\0';
    sl_answer answer = {.to = &builder};
    sl_answer_ok(&answer);
    ck_assert_int_eq(sl_answer_end(&answer), 0);
    sl_answer_item(&answer, "row");
    sl_answer_text(&answer, "value", far);
    ck_assert_int_eq(sl_answer_end(&answer), -1);
    ck_assert_str_eq(builder.data, "{\"ok\":true}\n"); /* what stood before stays */
    far[SL_PROTOCOL_LINE - strlen("{\"item\":\"row\",\"value\":\"\"}")] = '\0';
    sl_answer_item(&answer, "row");
    sl_answer_text(&answer, "value", far);
    ck_assert_int_eq(sl_answer_end(&answer), 0);
    ck_assert_uint_eq(builder.size, 12 + SL_PROTOCOL_LINE + 1);
    free(far);
}
END_TEST

START_TEST(answers_without_memory)
{
    for (int64_t at = 1; at < 4; at++) {
        sl_answer answer = {.to = &builder};
        sl_builder_done(&builder);
        builder = (sl_builder){.env = &fake.env};
        fake.allocations = 0;
        fake.refuse_at = at;
        sl_answer_item(&answer, "a kind that is long enough to need some more memory than the "
                                "first that there is, and then some, and even more of it so that "
                                "it grows a second time, for which this text has to go on and on");
        sl_answer_text(&answer, "x", "y");
        int32_t ended = sl_answer_end(&answer);
        fake.refuse_at = 0;
        ck_assert_int_eq(ended, fake.refused > 0 ? -1 : 0);
        ck_assert(ended == 0 || builder.size == 0);
        fake.refused = 0;
    }
}
END_TEST

static int32_t read_reply(const char *text, sl_reply *reply)
{
    static char line[1024], copy[1024];
    strcpy(line, text);
    return sl_reply_read(line, strlen(line), copy, reply);
}

START_TEST(clients_read_answers)
{
    sl_reply reply;
    static const char row[] = "{\"item\":\"r\\u006fw\",\"row\":{\"ok\":1}}";
    ck_assert_int_eq(read_reply(row, &reply), 0);
    ck_assert_str_eq(reply.item, "row");
    ck_assert(!reply.last);
    ck_assert_str_eq(reply.json, row);
    ck_assert_int_eq(read_reply("{\"ok\":true,\"rows\":3}", &reply), 0);
    ck_assert(reply.last && reply.ok && reply.code == 0 && reply.message == NULL);
    ck_assert_int_eq(read_reply("{\"ok\":false,\"code\":78,\"error\":{\"message\":\"a \\\"b\\\"\","
                                "\"hint\":\"c\"}}",
                                &reply),
                     0);
    ck_assert(reply.last && !reply.ok && reply.code == 78);
    ck_assert_str_eq(reply.message, "a \"b\"");
    ck_assert_str_eq(reply.hint, "c");
    static const char *const bad[] = {
        "",
        "HTTP/1.1 400 Bad Request",
        "{}",
        "{\"item\":7}",
        "{\"ok\":1}",
        "{\"ok\":false}",
        "{\"ok\":false,\"code\":0,\"error\":{\"message\":\"x\"}}",
        "{\"ok\":false,\"code\":256,\"error\":{\"message\":\"x\"}}",
        "{\"ok\":false,\"code\":78,\"error\":{}}",
        "{\"ok\":false,\"code\":78,\"error\":\"x\"}",
        "{\"ok\":true} x",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(read_reply(bad[i], &reply) == -1, "%s", bad[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("protocol");
    TCase *cases = tcase_create("protocol");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, cuts_lines_however_they_come);
    tcase_add_test(cases, bounds_lines);
    tcase_add_test(cases, lines_without_memory);
    tcase_add_test(cases, random_bytes_are_cut_right);
    tcase_add_test(cases, reads_requests);
    tcase_add_test(cases, refuses_what_is_no_request);
    tcase_add_test(cases, requests_go_there_and_back);
    tcase_add_test(cases, verbs_have_rights);
    tcase_add_test(cases, survives_changed_requests);
    tcase_add_test(cases, writes_answers);
    tcase_add_test(cases, writes_errors_as_the_log_does);
    tcase_add_test(cases, bounds_answers);
    tcase_add_test(cases, answers_without_memory);
    tcase_add_test(cases, clients_read_answers);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
