using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>Writes the canonical node for a rotary embedding: decides which axis is the sequence, and in which form the tables are given.</summary>
internal sealed class RotaryWriter(Rewriting rewriting, RecognitionContext context, Node place)
{
    private readonly ExpansionContext _nodes = rewriting.Nodes;

    /// <summary>The rotated value, in the layout of <paramref name="x"/>.</summary>
    /// <param name="x">What is rotated: all of the heads.</param>
    /// <param name="spelling">Tables and pairs.</param>
    /// <param name="rotarySize">Elements of a head that are rotated; 0 for all.</param>
    public Value Write(Value x, RotarySpelling spelling, long rotarySize)
    {
        long width = rotarySize > 0 ? rotarySize : x.Shape[x.Shape.Rank - 1].Constant;
        int sequenceAxis = SequenceAxis(x.Shape, spelling);
        if (sequenceAxis >= 0
            && ByPosition(spelling.Cosine, x.Shape, sequenceAxis, width, spelling.IsInterleaved) is { } cosine
            && ByPosition(spelling.Sine, x.Shape, sequenceAxis, width, spelling.IsInterleaved) is { } sine
            && cosine.Shape.Equals(sine.Shape))
        {
            return WriteByPosition(x, cosine, sine, sequenceAxis, width, rotarySize, spelling.IsInterleaved);
        }

        (string, object)[] attributes = [("interleaved", spelling.IsInterleaved ? 1L : 0), ("rotary_embedding_dim", rotarySize), ("num_heads", 1L)];
        Value rotated = _nodes.Add($"{OperatorRegistry.InternalDomain}.RotaryEmbedding", attributes, FourAxes(x), FourAxes(spelling.Cosine), FourAxes(spelling.Sine));
        context.Recognize(PatternNames.RotaryEmbedding, rotated);
        return x.Shape.Rank == 4 ? rotated : _nodes.Add("Squeeze", rotated, _nodes.Integers(0));
    }

    private Value WriteByPosition(Value x, Value cosine, Value sine, int sequenceAxis, long width, long rotarySize, bool isInterleaved)
    {
        Value? positions = null;
        if (Gathered(cosine) is { } cosines && Gathered(sine) is { } sines && Matching.Same(cosines.Positions, sines.Positions)
            && cosines.Table.Shape.Equals(sines.Table.Shape))
        {
            (cosine, sine, positions) = (cosines.Table, sines.Table, cosines.Positions);
            positions = positions.Shape.Rank == 1 ? _nodes.Add("Unsqueeze", positions, _nodes.Integers(0)) : positions;
        }

        // The sequence before the heads: as ONNX's operator takes it, with the heads of a position side by side.
        long heads = x.Shape.Rank == 3 ? 1 : x.Shape[sequenceAxis == 1 ? 2 : 1].Value ?? 0;
        bool isFlattened = x.Shape.Rank == 4 && sequenceAxis == 1;
        Value input = isFlattened ? _nodes.Add("Reshape", x, _nodes.Integers(0, 0, heads * x.Shape[3].Constant)) : x;
        bool isNarrow = cosine.Shape[cosine.Shape.Rank - 1].Value == width / 2;
        string type = isNarrow ? "RotaryEmbedding" : $"{OperatorRegistry.InternalDomain}.RotaryEmbedding";
        (string, object)[] attributes = [("interleaved", isInterleaved ? 1L : 0), ("rotary_embedding_dim", rotarySize), ("num_heads", heads)];
        Value rotated = positions is null ? _nodes.Add(type, attributes, input, cosine, sine) : _nodes.Add(type, attributes, input, cosine, sine, positions);
        context.Recognize(PatternNames.RotaryEmbedding, rotated);
        return isFlattened ? _nodes.Add("Reshape", rotated, _nodes.Integers(0, 0, heads, x.Shape[3].Constant)) : rotated;
    }

    /// <summary>The axis of the input that the tables vary along beside batch and width; -1 where they vary along several, or along none.</summary>
    private static int SequenceAxis(Shape shape, RotarySpelling spelling)
    {
        Shape table = spelling.Cosine.Shape;
        if (!spelling.Sine.Shape.Equals(table))
        {
            return -1;
        }

        Dimension Size(int axis) => axis - (shape.Rank - table.Rank) is var own && own < 0 ? Dimension.One : table[own];
        int[] axes = [.. Enumerable.Range(1, shape.Rank - 2).Where(axis => Size(axis).Value != 1)];
        bool fits = axes.Length == 1 && Size(axes[0]) == shape[axes[0]] && (Size(0).Value == 1 || Size(0) == shape[0]);

        // One position and one head look alike: what follows the batch is the heads, unless the input is [batch, sequence, size].
        return fits && (shape.Rank == 3 || axes[0] == 2 || shape[2].IsStatic) ? axes[0] : -1;
    }

    /// <summary>The table as [batch or 1, sequence, width], one entry a pair where that is known; null where its axes are others.</summary>
    private Value? ByPosition(Value table, Shape shape, int sequenceAxis, long width, bool isInterleaved)
    {
        Value value = table;
        int rank = shape.Rank;

        // Axes of size 1 that were put in for the heads and the batch.
        while (value.Shape.Rank > 2 && Matching.Producer(value, "Unsqueeze") is { } unsqueeze && !value.IsKnown)
        {
            value = unsqueeze.Input(0);
        }

        Dimension size = table.Shape[table.Shape.Rank - 1];
        Dimension[] batched = [shape[0], shape[sequenceAxis], size];
        Dimension[] shared = [shape[sequenceAxis], size];
        bool isBatched = value.Shape.Rank == 3 && (value.Shape.SequenceEqual(batched) || (value.Shape[0].Value == 1 && value.Shape.Skip(1).SequenceEqual(shared)));
        bool isShared = value.Shape.Rank == 2 && value.Shape.SequenceEqual(shared);
        if (!isBatched && !isShared)
        {
            // As it is, without the axis of the heads.
            value = table;
            int headAxis = rank == 4 ? (sequenceAxis == 1 ? 2 : 1) - (rank - table.Shape.Rank) : -1;
            value = headAxis >= 0 && value.Shape.Rank > 2 && value.Shape[headAxis].Value == 1 ? _nodes.Add("Squeeze", value, _nodes.Integers(headAxis)) : value;
            isShared = value.Shape.Rank == 2;
            if (value.Shape.Rank is not (2 or 3) || value.Shape[value.Shape.Rank - 2] != shape[sequenceAxis])
            {
                return null;
            }
        }

        value = size.Value == width ? context.RotaryTables.Narrow(value, isInterleaved, place) ?? value : value;
        return isShared ? _nodes.Add("Unsqueeze", value, _nodes.Integers(0)) : value;
    }

    /// <summary>A table [positions, width] and the model's own position numbers that pick from it.</summary>
    private (Value Table, Value Positions)? Gathered(Value value)
    {
        while (Matching.Producer(value, "Unsqueeze") is { } unsqueeze)
        {
            value = unsqueeze.Input(0);
        }

        return Matching.Producer(value, "Gather") is { } gather && gather.Input(0).Shape.Rank == 2 && gather.Input(1).Shape.Rank is 1 or 2
            && gather.IntegerAttribute("axis", 0) is 0 or -2 && AreNumbersOfPositions(gather.Input(1))
            ? (gather.Input(0), gather.Input(1))
            : null;
    }

    /// <summary>Whether numbers can't be negative for a good reason: Gather counts negative ones from the end, the canonical node refuses them.</summary>
    private bool AreNumbersOfPositions(Value positions)
    {
        while (Matching.Producer(positions) is { Type: "Cast" or "Unsqueeze" or "Squeeze" or "Reshape" or "Expand" } mover)
        {
            positions = mover.Input(0);
        }

        return context.Graph.Inputs.Contains(positions) || Matching.Producer(positions, "Range") is not null;
    }

    private Value FourAxes(Value value) => value.Shape.Rank == 4 ? value
        : _nodes.Add("Unsqueeze", value, _nodes.Integers([.. Enumerable.Range(0, 4 - value.Shape.Rank).Select(axis => (long)axis)]));
}
