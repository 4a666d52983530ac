/* A viewer on libvncclient that does what it is told on standard input, a line at a time, and stays attached meanwhile:
 *   shot FILE     write the picture as it is now as a PPM; answers "shot"
 *   key SYM DOWN  press (1) or release (0) a key; answers "key"
 *   point X Y B   move the pointer; answers "point"
 *   cut TEXT      say that TEXT was copied here; answers "cut"
 *   pasted FILE   write what was last copied over there; answers "pasted"
 * Usage: lvc HOST PORT ENCODINGS QUALITY PASSWORD      QUALITY -1: no JPEG; -2: and no zlib in Tight
 * It prints "ready" when the first whole picture has arrived. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rfb/rfbclient.h>

static char *password;
static char copied[4096]; /* over there */
static int finished; /* updates that arrived completely */

static char *ask_password(rfbClient *c) { (void)c; return strdup(password); }
static void update_done(rfbClient *c) { (void)c; finished++; }

static void cut_text(rfbClient *c, const char *text, int n) {
	(void)c;
	snprintf(copied, sizeof copied, "%.*s", n, text);
}

static void shot(rfbClient *c, const char *name) {
	FILE *f = fopen(name, "wb");
	if (!f) { perror(name); exit(1); }
	fprintf(f, "P6\n%d %d\n255\n", c->width, c->height);
	for (int i = 0; i < c->width * c->height; i++)
		fwrite(c->frameBuffer + 4 * i, 1, 3, f);
	fclose(f);
}

static int no_zlib[] = {-317, 0}; /* what libvncclient reads, and does not ask for */
static rfbClientProtocolExtension without_zlib = {.encodings = no_zlib};

static int obey(rfbClient *c, char *line) {
	char name[512];
	unsigned a, b, d;
	if (sscanf(line, "shot %511s", name) == 1) { shot(c, name); puts("shot"); }
	else if (sscanf(line, "key %u %u", &a, &b) == 2) { SendKeyEvent(c, a, b); puts("key"); }
	else if (sscanf(line, "point %u %u %u", &a, &b, &d) == 3) { SendPointerEvent(c, a, b, d); puts("point"); }
	else if (!strncmp(line, "cut ", 4)) { line[strcspn(line, "\n")] = 0; SendClientCutText(c, line + 4, strlen(line + 4)); puts("cut"); }
	else if (sscanf(line, "pasted %511s", name) == 1) {
		FILE *f = fopen(name, "wb");
		if (!f) { perror(name); exit(1); }
		fputs(copied, f);
		fclose(f);
		puts("pasted");
	}
	else return 0;
	fflush(stdout);
	return 1;
}

int main(int argc, char **argv) {
	if (argc != 6) return 2;
	setvbuf(stdin, NULL, _IONBF, 0); /* poll must see every line */
	rfbClient *c = rfbGetClient(8, 3, 4);
	password = argv[5];
	c->GetPassword = ask_password;
	c->FinishedFrameBufferUpdate = update_done;
	c->GotXCutText = cut_text;
	c->canHandleNewFBSize = TRUE;
	c->serverHost = strdup(argv[1]);
	c->serverPort = atoi(argv[2]);
	c->appData.encodingsString = strdup(argv[3]);
	int quality = atoi(argv[4]);
	c->appData.enableJPEG = quality >= 0;
	c->appData.qualityLevel = quality >= 0 ? quality : 5;
	c->appData.useRemoteCursor = TRUE;
	if (quality == -2) {
		c->appData.compressLevel = 0;
		rfbClientRegisterExtension(&without_zlib);
	}
	if (!rfbInitClient(c, NULL, NULL)) return 1;

	char line[600];
	int ready = 0;
	for (;;) {
		struct pollfd fds[2] = {{c->sock, POLLIN, 0}, {0, POLLIN, 0}};
		if (poll(fds, ready ? 2 : 1, c->buffered > 0 ? 0 : -1) < 0) return 1;
		if (c->buffered > 0 || fds[0].revents)
			if (!HandleRFBServerMessage(c)) return 1;
		if (!ready && finished > 0) { ready = 1; puts("ready"); fflush(stdout); }
		if (ready && fds[1].revents)
			if (!fgets(line, sizeof line, stdin) || !obey(c, line)) break;
	}
	rfbClientCleanup(c);
	return 0;
}
