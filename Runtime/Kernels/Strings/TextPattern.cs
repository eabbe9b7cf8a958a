using System.Buffers;
using System.Text;
using Cameo.Sessions;

namespace Cameo.Kernels;

/// <summary>
/// A regular expression of RE2's syntax, matched in time proportional to the text (times the expression) by following all ways through it at once. Immutable: one serves all
/// threads.
/// </summary>
/// <remarks>
/// The platform's regular expressions differ in syntax and in what their classes hold, and never look for the longest match, which RE2 can.
/// </remarks>
public sealed class TextPattern
{
    private readonly PatternProgram.Instruction[] _instructions;
    private readonly int _start;

    /// <summary>Compiles an expression.</summary>
    /// <param name="pattern">The expression.</param>
    /// <exception cref="ArgumentException">It is none, or needs what is not supported.</exception>
    public TextPattern(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        try
        {
            PatternProgram program = PatternProgram.Compile(pattern);
            _instructions = [.. program.Instructions];
            _start = program.Start;
        }
        catch (PatternException exception)
        {
            throw new ArgumentException($"'{pattern}' is no regular expression: {exception.Message}.", nameof(pattern), exception);
        }

        foreach (PatternProgram.Instruction instruction in _instructions)
        {
            instruction.Set?.Prepare();
        }
    }

    /// <summary>Whether the expression matches all of a text.</summary>
    /// <param name="text">The text.</param>
    public bool IsFullMatch(ReadOnlySpan<char> text) => Search(text, 0, isAnchored: true, out int index, out int length) && index == 0 && length == text.Length;

    /// <summary>Finds the first place where the expression matches, and the longest match there.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">Where to begin; what stands before can be seen by conditions on positions.</param>
    /// <param name="index">Where the match begins.</param>
    /// <param name="length">Its length in UTF-16 units, which may be 0.</param>
    public bool TryFind(ReadOnlySpan<char> text, int start, out int index, out int length) => Search(text, start, isAnchored: false, out index, out length);

    /// <summary>Matches the expression with all of each element (ONNX's RegexFullMatch).</summary>
    /// <param name="texts">The session's texts.</param>
    /// <param name="input">Handles of the elements.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="output">Whether each is matched.</param>
    public unsafe void MatchElements(SessionTexts texts, long* input, long count, bool* output)
    {
        for (long index = 0; index < count; index++)
        {
            output[index] = IsFullMatch(texts[input[index]]);
        }
    }

    /// <summary>
    /// Steps through the text with the set of instructions that could come next. Each remembers where its match began; of two at the same instruction the earlier beginning
    /// stays, since it stands first in the list.
    /// </summary>
    private bool Search(ReadOnlySpan<char> text, int start, bool isAnchored, out int index, out int length)
    {
        int size = _instructions.Length;
        int[] memory = ArrayPool<int>.Shared.Rent(size * 6);
        Array.Clear(memory, 0, size);
        var threads = new Threads(this, text, memory.AsSpan(0, size * 6));
        (index, length) = (-1, 0);
        for (int position = start; ;)
        {
            if (index < 0 && (position == start || !isAnchored))
            {
                threads.Add(_start, position, position);
            }

            threads.Take(ref index, ref length, position);
            if (position >= text.Length || (threads.IsEmpty && (index >= 0 || isAnchored)))
            {
                break;
            }

            // What is no UTF-16 is a character of its own, which only its own literal and negated classes match.
            int units = Rune.DecodeFromUtf16(text[position..], out Rune rune, out _) == OperationStatus.Done ? rune.Utf16SequenceLength : 1;
            threads.Step(units == 2 || Rune.IsValid(text[position]) ? rune.Value : text[position], position + units);
            position += units;
        }

        ArrayPool<int>.Shared.Return(memory);
        return index >= 0;
    }

    private static bool Holds(PatternAssertion assertion, ReadOnlySpan<char> text, int position) => assertion switch
    {
        PatternAssertion.TextStart => position == 0,
        PatternAssertion.TextEnd => position == text.Length,
        PatternAssertion.LineStart => position == 0 || text[position - 1] == '\n',
        PatternAssertion.LineEnd => position == text.Length || text[position] == '\n',
        PatternAssertion.WordBoundary => IsWord(text, position - 1) != IsWord(text, position),
        _ => IsWord(text, position - 1) == IsWord(text, position),
    };

    private static bool IsWord(ReadOnlySpan<char> text, int position) =>
        (uint)position < (uint)text.Length && (char.IsAsciiLetterOrDigit(text[position]) || text[position] == '_');

    /// <summary>The instructions that could come next, with where their matches began.</summary>
    private ref struct Threads
    {
        private readonly TextPattern _pattern;
        private readonly ReadOnlySpan<char> _text;
        private readonly Span<int> _marks;
        private readonly Span<int> _stack;
        private Span<int> _current;
        private Span<int> _currentStarts;
        private Span<int> _next;
        private Span<int> _nextStarts;
        private int _count;
        private int _mark = 1;

        public Threads(TextPattern pattern, ReadOnlySpan<char> text, Span<int> memory)
        {
            _pattern = pattern;
            _text = text;
            int size = memory.Length / 6;
            _marks = memory[..size];
            _stack = memory.Slice(size, size);
            _current = memory.Slice(2 * size, size);
            _currentStarts = memory.Slice(3 * size, size);
            _next = memory.Slice(4 * size, size);
            _nextStarts = memory.Slice(5 * size, size);
        }

        public readonly bool IsEmpty => _count == 0;

        /// <summary>Adds an instruction and all that it leads to without taking a character.</summary>
        public void Add(int instruction, int start, int position)
        {
            int depth = 0;
            Push(instruction, ref depth);
            while (depth > 0)
            {
                int current = _stack[--depth];
                PatternProgram.Instruction known = _pattern._instructions[current];
                switch (known.Operation)
                {
                    case PatternProgram.Operation.Split:
                        Push(known.Other, ref depth);
                        Push(known.Next, ref depth);
                        break;
                    case PatternProgram.Operation.Check:
                        if (Holds(known.Assertion, _text, position))
                        {
                            Push(known.Next, ref depth);
                        }

                        break;
                    default:
                        _current[_count] = current;
                        _currentStarts[_count++] = start;
                        break;
                }
            }
        }

        /// <summary>Keeps a match that ends here if it begins earlier or is longer than what is known, and drops what begins later.</summary>
        public void Take(ref int index, ref int length, int position)
        {
            for (int thread = 0; thread < _count; thread++)
            {
                if (_pattern._instructions[_current[thread]].Operation == PatternProgram.Operation.Match && (index < 0 || _currentStarts[thread] <= index))
                {
                    index = _currentStarts[thread];
                    length = position - index;
                }
            }

            if (index < 0)
            {
                return;
            }

            int kept = 0;
            for (int thread = 0; thread < _count; thread++)
            {
                if (_currentStarts[thread] <= index)
                {
                    _current[kept] = _current[thread];
                    _currentStarts[kept++] = _currentStarts[thread];
                }
            }

            _count = kept;
        }

        /// <summary>Takes a character.</summary>
        public void Step(int codePoint, int position)
        {
            Span<int> from = _current;
            Span<int> starts = _currentStarts;
            int count = _count;
            _current = _next;
            _currentStarts = _nextStarts;
            _next = from;
            _nextStarts = starts;
            _count = 0;
            _mark++;
            for (int thread = 0; thread < count; thread++)
            {
                PatternProgram.Instruction known = _pattern._instructions[from[thread]];
                if (known.Operation == PatternProgram.Operation.Take && known.Set!.Contains(codePoint))
                {
                    Add(known.Next, starts[thread], position);
                }
            }
        }

        private readonly void Push(int instruction, ref int depth)
        {
            if (_marks[instruction] != _mark)
            {
                _marks[instruction] = _mark;
                _stack[depth++] = instruction;
            }
        }
    }
}
