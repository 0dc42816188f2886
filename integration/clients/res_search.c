// Asks for SRV records through libresolv, along the search list where the C library's res_search has one (glibc's does,
// musl's does not): prints "PRIORITY WEIGHT PORT TARGET" for each.
//
//   res_search NAME
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

int main(int count, char** words) {
  if (count != 2) return 64;
  unsigned char answer[65535];
#ifdef __GLIBC__
  struct __res_state state;
  memset(&state, 0, sizeof(state));
  if (res_ninit(&state) != 0) return 70;
  const int length = res_nsearch(&state, words[1], ns_c_in, ns_t_srv, answer, sizeof(answer));
  const int error = state.res_h_errno;
  res_nclose(&state);
#else
  const int length = res_search(words[1], ns_c_in, ns_t_srv, answer, sizeof(answer));
  const int error = h_errno;
#endif
  ns_msg message;
  if (length < 0 || ns_initparse(answer, length, &message) != 0) {
    puts(error == HOST_NOT_FOUND ? "not found" : error == NO_DATA ? "no data" : "failed");
    return 1;
  }
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record;
    char target[NS_MAXDNAME];
    if (ns_parserr(&message, ns_s_an, i, &record) != 0 || ns_rr_type(record) != ns_t_srv) continue;
    const unsigned char* data = ns_rr_rdata(record);
    if (ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), data + 6, target, sizeof(target)) < 0) return 65;
    printf("%d %d %d %s\n", ns_get16(data), ns_get16(data + 2), ns_get16(data + 4), target);
  }
  return 0;
}
