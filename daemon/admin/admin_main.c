/* admin_main.c - the program that `stkgate admin` becomes */
#include "daemon/commands.h"
#include "daemon/programs.h"

int main(int argc, char *argv[])
{
    return programs_main("admin", command_admin, argc, argv);
}
