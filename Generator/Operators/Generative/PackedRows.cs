using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Rows of different length that lie one after the other, as their cumulative lengths [rows + 1] say: what operators on such tokens have in common.</summary>
internal sealed class PackedRows
{
    private readonly ExpansionContext _context;
    private readonly Formula _formula;

    public PackedRows(Value cumulative, Dimension tokens, ExpansionContext context)
    {
        (_context, _formula, Tokens, Rows) = (context, new Formula(context), tokens, cumulative.Shape[0] - 1);
        Value all = _formula.Cast(cumulative, ElementType.Int64);
        Starts = context.Add("Slice", all, context.Integers(0), context.Sizes(Rows), context.Integers(0));
        Ends = context.Add("Slice", all, context.Integers(1), context.Sizes(Rows + 1), context.Integers(0));
        Index = Positions(tokens);

        // A token's row is the number of rows that end at it or before it.
        Value ended = context.Add("LessOrEqual", context.Add("Unsqueeze", Ends, context.Integers(0)), context.Add("Unsqueeze", Index, context.Integers(1)));
        Row = _formula.Sum(_formula.Cast(ended, ElementType.Int64), [1], keepsAxes: false);
        Local = _formula.Subtract(Index, context.Add("Gather", Starts, Row));
    }

    public Dimension Tokens { get; }

    public Dimension Rows { get; }

    /// <summary>The first token of each row.</summary>
    public Value Starts { get; }

    /// <summary>The token behind the last one of each row.</summary>
    public Value Ends { get; }

    /// <summary>0 … tokens.</summary>
    public Value Index { get; }

    /// <summary>The row of each token.</summary>
    public Value Row { get; }

    /// <summary>The position of each token in its row.</summary>
    public Value Local { get; }

    public Value Lengths => _formula.Subtract(Ends, Starts);

    /// <summary>Tokens of the longest row, a size of the run.</summary>
    public Value Longest() => _context.Add("cameo.AsSizes", _context.Add("ReduceMax", [("keepdims", 0L)], Lengths));

    /// <summary>0 … count.</summary>
    public Value Positions(Dimension count) => _context.Add("Range", Number(0), _context.Size(count), Number(1));

    /// <summary>Places of what stands some positions before each token in [rows · history + tokens]: the history of all rows, then all tokens.</summary>
    public Value Before(long distance, long history)
    {
        Value place = _formula.Add(_context.Size(Rows * history), _formula.Subtract(Index, Number(distance)));
        return distance == 0 ? place : _formula.Where(_context.Add("GreaterOrEqual", Local, Number(distance)), place, InHistory(Row, _formula.Subtract(Local, Number(distance)), history));
    }

    /// <summary>Places of the last ones of each row, [rows, history].</summary>
    public Value Last(long history)
    {
        Value steps = _context.Integers([.. Enumerable.Range(0, (int)history).Select(step => step - history)]);
        Value local = _formula.Add(Column(Lengths), steps);
        Value place = _formula.Add(_context.Size(Rows * history), _formula.Add(Column(Starts), local));
        return _formula.Where(_context.Add("GreaterOrEqual", local, Number(0)), place, InHistory(Column(Positions(Rows)), local, history));
    }

    public Value Column(Value vector) => _context.Add("Unsqueeze", vector, _context.Integers(1));

    private Value InHistory(Value row, Value local, long history) => _formula.Add(_formula.Multiply(row, Number(history)), _formula.Add(local, Number(history)));

    private Value Number(long value) => _context.Literal(value, ElementType.Int64);
}
