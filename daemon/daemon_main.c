/* daemon_main.c - the program that `stkgate daemon` becomes */
#include "daemon/commands.h"
#include "daemon/programs.h"

int main(int argc, char *argv[])
{
    return programs_main("daemon", command_daemon, argc, argv);
}
