/*
 * inquiry.c - what both kinds of questions share; see inquiry.h.
 */
#include "daemon/inquiry.h"

#include <stdarg.h>
#include <string.h>

const sl_action *sl_inquiry_action(const sl_action *actions, const char *name)
{
    for (; actions->name; actions++)
        if (strcmp(actions->name, name) == 0)
            return actions;
    return NULL;
}

sl_status sl_inquiry_wrong(sl_inquiry *about, int32_t code, const char *hint, const char *format,
                           ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    sl_error error = {.level = SL_LOG_ERROR, .code = code, .hint = hint};
    return sl_errors_add(about->errors, &error, "%s", message);
}

void sl_inquiry_member(sl_builder *text, const char *name, const char *value)
{
    sl_builder_format(text, ",\"%s\":", name);
    if (value)
        sl_builder_json(text, value, strlen(value));
    else
        sl_builder_word(text, "null");
}

sl_status sl_inquiry_put(sl_inquiry *about, sl_builder *text)
{
    int32_t failed = text->failed;
    if (!failed && text->size > 0)
        about->put(about->of, 0, text->data, text->size);
    sl_builder_done(text);
    return failed ? sl_inquiry_wrong(about, SL_CODE_FAILED, NULL, "out of memory") : SL_OK;
}
