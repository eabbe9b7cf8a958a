"""Byte-pair encoding by joined text, with byte fallback: the rules that a vocabulary file of this project states."""
import heapq
import json

from corpus import UNIT

UNKNOWN, BEGIN, END, BYTE_OFFSET = 0, 1, 2, 3


class Tokenizer:
    def __init__(self, pieces, scores):
        self.pieces, self.scores = pieces, scores
        self.ids = {piece: index for index, piece in enumerate(pieces) if index >= BYTE_OFFSET + 256}
        self._cache = {}

    @staticmethod
    def load(path):
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        return Tokenizer(data["pieces"], data["scores"])

    def _characters(self, text):
        result = []
        for character in text:
            if character in self.ids:
                result.append(self.ids[character])
            else:
                result.extend(BYTE_OFFSET + b for b in character.encode("utf-8"))
        return result

    def join(self, tokens):
        """Joins the leftmost adjacent pair whose joined text is the piece of the highest score until none is left."""
        tokens = list(tokens)
        while True:
            best, best_score = -1, None
            for i in range(len(tokens) - 1):
                joined = self.ids.get(self.pieces[tokens[i]] + self.pieces[tokens[i + 1]])
                if joined is not None and (best_score is None or self.scores[joined] > best_score):
                    best, best_score = i, self.scores[joined]
            if best < 0:
                return tokens
            tokens[best:best + 2] = [self.ids[self.pieces[tokens[best]] + self.pieces[tokens[best + 1]]]]

    def segment(self, text):
        """Tokens of a text without the begin token and the leading space, unit by unit."""
        result = []
        for unit in UNIT.findall(text):
            if unit not in self._cache:
                self._cache[unit] = self.join(self._characters(unit))
            result.extend(self._cache[unit])
        return result

    def encode(self, text):
        """As the vocabulary file says: begin token, then the text with one space in front."""
        return [BEGIN] + (self.segment(" " + text) if text else [])

    def encode_whole(self, text):
        """The stated rules literally, over the whole text at once (with a heap instead of a scan); proves `encode`."""
        if not text:
            return [BEGIN]
        tokens = self._characters(" " + text)
        count = len(tokens)
        following, previous = list(range(1, count + 1)), list(range(-1, count - 1))
        heap = []

        def offer(i):
            j = following[i]
            if j < count:
                joined = self.ids.get(self.pieces[tokens[i]] + self.pieces[tokens[j]])
                if joined is not None:
                    heapq.heappush(heap, (-self.scores[joined], i, tokens[i], tokens[j], joined))

        for i in range(count):
            offer(i)
        while heap:
            _, i, left, right, joined = heapq.heappop(heap)
            j = following[i] if tokens[i] == left else count
            if j >= count or tokens[j] != right:
                continue
            tokens[i], tokens[j] = joined, None
            following[i] = following[j]
            if following[j] < count:
                previous[following[j]] = i
            offer(i)
            if previous[i] >= 0:
                offer(previous[i])
        return [BEGIN] + [t for t in tokens if t is not None]

    def decode(self, tokens):
        output = bytearray()
        for token in tokens:
            if BYTE_OFFSET <= token < BYTE_OFFSET + 256:
                output.append(token - BYTE_OFFSET)
            elif token > END:
                output.extend(self.pieces[token].encode("utf-8"))
        text = output.decode("utf-8", errors="replace")
        return text[1:] if text.startswith(" ") and tokens and tokens[0] == BEGIN else text
