#if NETSTANDARD2_0
namespace Cameo.Generator.Strings;
#else
namespace Cameo.Kernels;
#endif

/// <summary>
/// A regular expression as a machine of instructions: each takes a code point of a set, or checks the position, or goes on in two ways, or ends a match. Its size is bounded, so
/// that time and memory are too.
/// </summary>
internal sealed class PatternProgram
{
    private const int MaximumInstructions = 20_000;

    private readonly List<Instruction> _instructions = [];

    private PatternProgram()
    {
    }

    internal enum Operation
    {
        Take,
        Check,
        Split,
        Match,
    }

    public IReadOnlyList<Instruction> Instructions => _instructions;

    /// <summary>The first instruction.</summary>
    public int Start { get; private set; }

    /// <summary>Reads a pattern and translates it.</summary>
    /// <exception cref="PatternException">It is no regular expression of RE2's syntax, or too large.</exception>
    public static PatternProgram Compile(string pattern)
    {
        PatternNode node = PatternParser.Parse(pattern);
        var program = new PatternProgram();
        program.Start = program.Emit(node, program.Add(new Instruction(Operation.Match, -1, -1)));
        return program;
    }

    private int Add(Instruction instruction)
    {
        if (_instructions.Count == MaximumInstructions)
        {
            throw new PatternException("its repetitions unfold to more than is supported");
        }

        _instructions.Add(instruction);
        return _instructions.Count - 1;
    }

    /// <summary>Adds what matches a node and then goes on; returns its first instruction.</summary>
    private int Emit(PatternNode node, int next)
    {
        switch (node)
        {
            case SetNode set:
                return Add(new Instruction(Operation.Take, next, -1) { Set = set.Set });
            case AssertionNode assertion:
                return Add(new Instruction(Operation.Check, next, -1) { Assertion = assertion.Assertion });
            case SequenceNode sequence:
                for (int index = sequence.Parts.Count - 1; index >= 0; index--)
                {
                    next = Emit(sequence.Parts[index], next);
                }

                return next;
            case ChoiceNode choice:
                int first = Emit(choice.Parts[choice.Parts.Count - 1], next);
                for (int index = choice.Parts.Count - 2; index >= 0; index--)
                {
                    first = Add(new Instruction(Operation.Split, Emit(choice.Parts[index], next), first));
                }

                return first;
            case RepetitionNode repetition:
                return Emit(repetition, next);
            default:
                throw new InvalidOperationException(node.GetType().Name);
        }
    }

    private int Emit(RepetitionNode repetition, int next)
    {
        int first = next;
        if (repetition.Maximum < 0)
        {
            first = Add(new Instruction(Operation.Split, -1, next));
            _instructions[first] = new Instruction(Operation.Split, Emit(repetition.Part, first), next);
        }

        for (int index = repetition.Minimum; index < repetition.Maximum; index++)
        {
            first = Add(new Instruction(Operation.Split, Emit(repetition.Part, first), next));
        }

        for (int index = 0; index < repetition.Minimum; index++)
        {
            first = Emit(repetition.Part, first);
        }

        return first;
    }

    /// <summary>A step of the machine.</summary>
    /// <param name="Operation">What it does.</param>
    /// <param name="Next">The instruction after it.</param>
    /// <param name="Other">The other way of a split.</param>
    internal sealed record Instruction(Operation Operation, int Next, int Other)
    {
        public CodePointSet? Set { get; init; }

        public PatternAssertion Assertion { get; init; }
    }
}
