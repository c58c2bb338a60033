/*
 * manual_service.c - the page sluice.service(8).
 */
#include <string.h>

#include "config/roff.h"
#include "daemon/manual.h"

typedef struct section {
    const char *heading, *text;
} section;

static const section sections[] = {
    {"DESCRIPTION",
     "`sluice.service` runs all graphs of /etc/sluice/graphs.d as the user sluice, each apart from "
     "the others. It is checked before it starts: one wrong file, and the service does not start, "
     "with the place of the mistake in its log.\n\n"
     "`systemctl reload sluice` waits until the new graphs are running, and fails with the place "
     "when one of them is wrong; what ran before goes on.\n\n"
     "`sluice@NAME.service` runs one graph by itself, /etc/sluice/single/NAME.yaml, to its end.\n\n"
     "`sluice.socket` and `sluice-metrics.socket` let systemd hold the control socket and the one "
     "for metrics; both are optional."},
    {"FIRST STEPS",
     "Put a graph into the directory, give it the files that it names, and start:\n\n"
     "    cp orders.yaml /etc/sluice/graphs.d/\n"
     "    sluice access /etc/sluice/graphs.d >/etc/systemd/system/sluice.service.d/access.conf\n"
     "    systemctl daemon-reload\n"
     "    systemctl restart sluice"},
    {"ACCESS",
     "The service sees the system read-only, no home directories, a /tmp of its own, and no "
     "network "
     "but this machine's. It writes into /var/lib/sluice, which is where relative paths of graphs "
     "begin. What graphs need beyond is a drop-in, which `sluice access` prints; it changes no "
     "permissions of files: the user sluice must be allowed to read and write them.\n\n"
     "The user sluice is a static one. Who is in the group sluice may look at the service; root "
     "and "
     "the user sluice may change it:\n\n"
     "    usermod --append --groups sluice NAME"},
    {"CREDENTIALS",
     "`${credential:NAME}` of a graph is a file that systemd hands to the service alone:\n\n"
     "    install -m 600 /dev/stdin /etc/sluice/credentials/NAME\n"
     "    systemctl edit sluice\n"
     "        [Service]\n"
     "        LoadCredential=NAME:/etc/sluice/credentials/NAME"},
};

static const section files[] = {
    {"/etc/sluice/graphs.d/*.yaml", "The graphs of `sluice.service`."},
    {"/etc/sluice/single/NAME.yaml", "The graph of `sluice@NAME.service`."},
    {"/etc/sluice/environment",
     "Variables of both; SLUICE_OPTIONS are added to the command of `sluice.service`, "
     "SLUICE_RUN_OPTIONS to that of `sluice@.service`."},
    {"/etc/sluice/credentials/", "A place for credentials, root's alone."},
    {"/var/lib/sluice/", "How far each graph got, and what graphs write under relative paths."},
    {"/run/sluice/control.sock", "The control socket."},
};

void sl_manual_service(FILE *to)
{
    sl_roff_head(to, "sluice.service", "8", SLUICE_VERSION, "System Manager's Manual",
                 "the graphs of a machine as a service");
    fputs(".SH SYNOPSIS\nsluice.service\n.br\nsluice@\\fINAME\\fR.service\n.br\nsluice.socket\n"
          ".br\nsluice\\-metrics.socket\n",
          to);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        fprintf(to, ".SH %s\n", sections[i].heading);
        sl_roff_paragraphs(to, sections[i].text);
    }
    for (const sl_verb *verb = sl_verbs; verb->name; verb++)
        if (strcmp(verb->name, "daemon") == 0) {
            fputs(".SH OPTIONS\n", to);
            sl_roff_prose(to, "Of `sluice daemon`; they are added in /etc/sluice/environment.");
            sl_manual_options(verb, to);
        }
    fputs(".SH EXIT STATUS\n", to);
    sl_roff_prose(to, "The codes 64, 65, 66, 77 and 78 are not tried again.");
    sl_manual_codes(to);
    fputs(".SH FILES\n", to);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        fputs(".TP\n\\fI", to);
        sl_roff_code(to, files[i].heading);
        fputs("\\fR\n", to);
        sl_roff_prose(to, files[i].text);
    }
    fputs(".SH SEE ALSO\n.BR sluice (1),\n.BR sluice\\-graph (5),\n.BR systemd.exec (5)\n", to);
}
