#include "daemon/fdstore.h"
void fdstore_keep(const char *name, int fd)
{
}
void fdstore_forget(const char *name)
{
}
