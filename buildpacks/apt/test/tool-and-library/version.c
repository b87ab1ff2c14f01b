#include <cmark.h>
#include <stdio.h>

int main(void) {
  char *html = cmark_markdown_to_html("*compiled*", 10, 0);
  printf("%s", html);
  return 0;
}
