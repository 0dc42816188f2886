// Looks names up with c-ares, as curl, Node.js and gRPC do: prints what it finds, one a line, or the error.
//
//   cares A|AAAA|SRV NAME
//   cares PTR ADDRESS
#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

static int result = 0;

static void Fail(int status) {
  puts(ares_strerror(status));
  result = 1;
}

static void OnAddresses(void* argument, int status, int timeouts, struct ares_addrinfo* found) {
  (void)argument, (void)timeouts;
  if (status != ARES_SUCCESS) return Fail(status);
  for (const struct ares_addrinfo_node* node = found->nodes; node != NULL; node = node->ai_next) {
    char text[INET6_ADDRSTRLEN];
    const void* address = node->ai_family == AF_INET ? (const void*)&((struct sockaddr_in*)node->ai_addr)->sin_addr
                                                     : (const void*)&((struct sockaddr_in6*)node->ai_addr)->sin6_addr;
    puts(inet_ntop(node->ai_family, address, text, sizeof(text)));
  }
  ares_freeaddrinfo(found);
}

static void OnSrv(void* argument, int status, int timeouts, unsigned char* answer, int length) {
  (void)argument, (void)timeouts;
  struct ares_srv_reply* records = NULL;
  if (status == ARES_SUCCESS) status = ares_parse_srv_reply(answer, length, &records);
  if (status != ARES_SUCCESS) return Fail(status);
  for (const struct ares_srv_reply* record = records; record != NULL; record = record->next) {
    printf("%d %d %d %s\n", record->priority, record->weight, record->port, record->host);
  }
  ares_free_data(records);
}

static void OnName(void* argument, int status, int timeouts, struct hostent* host) {
  (void)argument, (void)timeouts;
  if (status != ARES_SUCCESS) return Fail(status);
  puts(host->h_name);
}

int main(int count, char** words) {
  ares_channel channel;
  if (count != 3 || ares_library_init(ARES_LIB_INIT_ALL) != 0 || ares_init(&channel) != ARES_SUCCESS) return 64;
  const char* type = words[1];
  if (strcmp(type, "SRV") == 0) {
    ares_search(channel, words[2], ns_c_in, ns_t_srv, OnSrv, NULL);
  } else if (strcmp(type, "PTR") == 0) {
    unsigned char address[16];
    const int family = strchr(words[2], ':') == NULL ? AF_INET : AF_INET6;
    if (inet_pton(family, words[2], address) != 1) return 64;
    ares_gethostbyaddr(channel, address, family == AF_INET ? 4 : 16, family, OnName, NULL);
  } else {
    const struct ares_addrinfo_hints hints = {.ai_family = strcmp(type, "A") == 0 ? AF_INET : AF_INET6,
                                              .ai_flags = ARES_AI_NOSORT};
    ares_getaddrinfo(channel, words[2], NULL, &hints, OnAddresses, NULL);
  }
  while (1) {
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    const int highest = ares_fds(channel, &readable, &writable);
    if (highest == 0) break;
    struct timeval longest = {.tv_sec = 5}, wait;
    struct timeval* until = ares_timeout(channel, &longest, &wait);
    if (select(highest, &readable, &writable, NULL, until) < 0) return 70;
    ares_process(channel, &readable, &writable);
  }
  ares_destroy(channel);
  ares_library_cleanup();
  return result;
}
