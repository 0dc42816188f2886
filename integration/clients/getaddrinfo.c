// Looks a name up as most programs do: prints the addresses that getaddrinfo finds, one a line, or the name that
// getnameinfo finds. Built with glibc and with musl, whose resolvers behave differently.
//
//   getaddrinfo A|AAAA|ANY NAME
//   getaddrinfo PTR ADDRESS
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int count, char** words) {
  if (count != 3) return 64;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  char text[NI_MAXHOST];
  if (strcmp(words[1], "A") == 0) hints.ai_family = AF_INET;
  if (strcmp(words[1], "AAAA") == 0) hints.ai_family = AF_INET6;
  const int reverse = strcmp(words[1], "PTR") == 0;
  if (reverse) hints.ai_flags = AI_NUMERICHOST;

  struct addrinfo* found;
  int error = getaddrinfo(words[2], NULL, &hints, &found);
  for (const struct addrinfo* item = found; error == 0 && item != NULL; item = item->ai_next) {
    error = getnameinfo(item->ai_addr, item->ai_addrlen, text, sizeof(text), NULL, 0,
                        reverse ? NI_NAMEREQD : NI_NUMERICHOST);
    if (error == 0) puts(text);
  }
  if (error == 0) return 0;
  puts(gai_strerror(error));
  return 1;
}
