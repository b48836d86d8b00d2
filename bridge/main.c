/* main.c: dispatches to the subcommands, nothing else. */
#include "bridge/cmd/cmd.h"

int
main(int argc, char **argv)
{
    return cmd_main(argc, argv);
}
