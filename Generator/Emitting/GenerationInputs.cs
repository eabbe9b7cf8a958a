using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Emitting;

/// <summary>Tells what a decoder loop has to give for the inputs of a model: from how the session plans its runs, from shapes, and for positions and masks from names.</summary>
internal static class GenerationInputs
{
    public static GenerationInput Classify(EmissionModel model, SequencePlan sequence, int index)
    {
        Value input = model.Graph.Inputs[index];
        bool isRead = model.Lowered.Kernels.Any(kernel => kernel.Reads.Any(view => view.Buffer.Kind == MemoryKind.Input && view.Buffer.Index == index));
        bool isInteger = input.ElementType is ElementType.Int64 or ElementType.Int32;
        Dimension last = input.Shape.Rank == 0 ? Dimension.One : input.Shape[input.Shape.Rank - 1];
        if (input == sequence.Lengths.Input)
        {
            return sequence.Lengths.Kind switch
            {
                RowLengthsKind.WritePositions => Give(GenerationRole.WritePosition),
                RowLengthsKind.Totals => new GenerationInput(index, GenerationRole.Length, sequence.Lengths.Offset),
                _ => Give(isRead || last.AsSymbol() is not null ? GenerationRole.Mask : GenerationRole.NoMask),
            };
        }

        bool isPerToken = input.Shape.Rank is 1 or 2 && last == sequence.NewTokens;
        if (isInteger && isPerToken && IsNamed(input, "position"))
        {
            return Give(GenerationRole.Positions);
        }

        if (isInteger && input.Shape.Rank == 2 && isPerToken && !IsNamed(input, "mask"))
        {
            return Give(GenerationRole.Tokens);
        }

        if (input.Shape.Rank == 2 && IsNamed(input, "mask") && IsOverPast(last, sequence) && input.ElementType is ElementType.Int64 or ElementType.Int32 or ElementType.Boolean or ElementType.Float32)
        {
            return Give(GenerationRole.Mask);
        }

        if (isInteger && input.Shape.ElementCount.Value == 1 && IsNamed(input, "total_seq"))
        {
            return new GenerationInput(index, GenerationRole.Length, Dimension.Zero);
        }

        // What nothing reads can be anything, as long as its sizes settle no more than the batch.
        bool isFixed = input.Shape.All(size => size.IsStatic || size == sequence.Rows);
        return Give(!isRead && isFixed ? GenerationRole.Unread : GenerationRole.Unknown);

        GenerationInput Give(GenerationRole role) => new(index, role, Dimension.Zero);
    }

    private static bool IsOverPast(Dimension size, SequencePlan sequence) =>
        sequence.PositionSymbol is { } position && size == Dimension.Symbol(position) + sequence.NewTokens;

    private static bool IsNamed(Value input, string word) => input.Name.IndexOf(word, StringComparison.OrdinalIgnoreCase) >= 0;
}
