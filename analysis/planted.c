/* planted.c - one mistake that each analysis must find before its silence is believed */
#include <stdlib.h>

int main(int argc, char *argv[])
{
    char *block = malloc(4);

    if (!block)
        return 1;
    free(block);
    free(block);
    return 0;
}
