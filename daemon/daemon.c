/* daemon.c - `stkgate daemon`: its arguments */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/commands.h"
#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/manager.h"

#define DEFAULT_STATE   "/var/lib/stkgate"
#define DEFAULT_RUNTIME "/run/stkgate"
#define DEFAULT_CONFIG  "/etc/stkgate"

static const char help[] =
    "Usage: stkgate daemon [OPTIONS]\n"
    "\n"
    "Hold the token table and answer checks, until SIGTERM. SIGHUP reloads the configuration.\n"
    "\n"
    "  --state DIR      where the table is (default " DEFAULT_STATE ")\n"
    "  --runtime DIR    where the sockets go that systemd does not pass (default " DEFAULT_RUNTIME
    ")\n"
    "  --config DIR     where stkgate.conf and services.d are (default " DEFAULT_CONFIG ",\n"
    "                   if it is there)\n"
    "  --check-config   read the configuration, say what is wrong with it, or else in\n"
    "                   what it differs from the defaults, and end\n"
    "  --trust-clock    believe the system clock, also where it is behind the last commit\n"
    "  --debug          log more\n"
    "  -h, --help\n"
    "\n"
    "Runs as any user, with or without systemd:\n"
    "  stkgate daemon --state /tmp/gate/state --runtime /tmp/gate/run\n";

static int check_config(const char *dir)
{
    struct config *config;
    char message[CONFIG_ERROR_MAX] = "";

    int r = config_load(dir, &config, message);
    if (r < 0) {
        /* With a reload, systemd has this run with its stderr in the journal. */
        log_last_line(LOG_ERR, "%s", message[0] ? message : strerror(-r));
        return EXIT_FAILURE;
    }
    printf("%s: no mistake; %u service%s\n", dir ? dir : "no configuration: defaults",
           config->service_count, config->service_count == 1 ? "" : "s");
    r = config_print(config, stdout);
    config_free(config);
    return r < 0 ? EXIT_FAILURE : EXIT_STATUS_OK;
}

int command_daemon(int argc, char *argv[])
{
    enum {
        OPTION_STATE = 1,
        OPTION_RUNTIME,
        OPTION_CONFIG,
        OPTION_CHECK,
        OPTION_CLOCK,
        OPTION_DEBUG
    };
    static const struct option options[] = {
        {"state", required_argument, NULL, OPTION_STATE},
        {"runtime", required_argument, NULL, OPTION_RUNTIME},
        {"config", required_argument, NULL, OPTION_CONFIG},
        {"check-config", no_argument, NULL, OPTION_CHECK},
        {"trust-clock", no_argument, NULL, OPTION_CLOCK},
        {"debug", no_argument, NULL, OPTION_DEBUG},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct manager_options manager = {.state = DEFAULT_STATE, .runtime = DEFAULT_RUNTIME};
    bool check = false;

    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (c) {
        case OPTION_STATE: manager.state = optarg; break;
        case OPTION_RUNTIME: manager.runtime = optarg; break;
        case OPTION_CONFIG: manager.config = optarg; break;
        case OPTION_CHECK: check = true; break;
        case OPTION_CLOCK: manager.trust_clock = true; break;
        case OPTION_DEBUG: log_set_max_priority(LOG_DEBUG); break;
        case 'h': fputs(help, stdout); return EXIT_STATUS_OK;
        default: fputs("Try: stkgate daemon --help\n", stderr); return EXIT_STATUS_USAGE;
        }
    }
    if (optind < argc) {
        fputs("stkgate daemon: takes options only; try --help\n", stderr);
        return EXIT_STATUS_USAGE;
    }
    if (manager.config && access(manager.config, R_OK | X_OK) < 0) {
        fprintf(stderr, "stkgate daemon: --config %s: %s\n", manager.config, strerror(errno));
        return EXIT_FAILURE;
    }
    if (!manager.config && access(DEFAULT_CONFIG, F_OK) == 0)
        manager.config = DEFAULT_CONFIG;
    if (check)
        return check_config(manager.config);
    return manager_run(&manager) == 0 ? EXIT_STATUS_OK : EXIT_FAILURE;
}
