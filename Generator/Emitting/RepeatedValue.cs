using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Emitting;

/// <summary>
/// Writes a number that differs between the repetitions of a block, in the cheapest way: a literal where it does not differ, a product where it grows by steps, one
/// choice where a single repetition is an exception, else an element of a table.
/// </summary>
/// <param name="loops">The loops around the method, outermost first.</param>
/// <param name="size">C# of a size.</param>
/// <param name="isIndex">Whether the numbers are indices of arrays and not bytes, which may need 64 bits.</param>
/// <param name="table">Receives numbers that follow no rule; null where there is nothing to repeat.</param>
internal sealed class RepeatedValue(IReadOnlyList<LoopVariable> loops, Func<Dimension, string> size, OffsetTable? table, bool isIndex = false)
{
    /// <summary>The same for indices of arrays.</summary>
    public RepeatedValue Indices => new(loops, size, table, isIndex: true);

    /// <summary>C# of one of several fields; with a cast, which all of them take, where there is a choice.</summary>
    /// <param name="fields">The field of each repetition, the innermost loop fastest.</param>
    /// <param name="cast">A type.</param>
    public string Choose(IReadOnlyList<string> fields, string cast) => fields.All(field => field == fields[0])
        ? fields[0]
        : $"({Index()} switch {{ {string.Join(", ", fields.Select((field, number) => $"{(number == fields.Count - 1 ? "_" : Number(number))} => ({cast}){field}"))} }})";

    /// <summary>C# of the number, as an operand of <c>+</c>.</summary>
    /// <param name="values">The number of each repetition, the innermost loop fastest.</param>
    /// <param name="meaning">What the number belongs to, for the reader of a table.</param>
    public string Write(IReadOnlyList<Dimension> values, string meaning)
    {
        if (Affine(values, loops) is { } sum)
        {
            return sum;
        }

        if (loops.Count == 1)
        {
            LoopVariable loop = loops[0];
            int last = loop.Count - 1;
            if (Affine([.. values.Skip(1)], [loop with { Count = last }], skipped: 1) is { } rest)
            {
                return $"({loop.Name} == 0 ? {size(values[0])} : {rest})";
            }

            if (Affine([.. values.Take(last)], [loop with { Count = last }]) is { } start)
            {
                return $"({loop.Name} == {Number(last)} ? {size(values[last])} : {start})";
            }

            if (Enumerable.Range(0, values.Count - 2).All(index => values[index] == values[index + 2]))
            {
                return $"({loop.Name} % 2 == 0 ? {size(values[0])} : {size(values[1])})";
            }
        }

        string index = Index();
        return values.All(value => value.IsStatic)
            ? table!.Element([.. values.Select(value => value.Constant)], index, meaning)
            : $"({index} switch {{ {string.Join(", ", values.Select((value, number) => $"{(number == values.Count - 1 ? "_" : Number(number))} => {size(value)}"))} }})";
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>The repetition's number over all loops.</summary>
    private string Index()
    {
        string index = loops[0].Name;
        for (int loop = 1; loop < loops.Count; loop++)
        {
            index = $"{(loop > 1 ? $"({index})" : index)} * {Number(loops[loop].Count)} + {loops[loop].Name}";
        }

        return index;
    }

    /// <summary>The numbers as a start and a step for each loop; null where they are no such sum.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="counters">The loops they are of.</param>
    /// <param name="skipped">Repetitions of the outermost loop that come before the first number.</param>
    private string? Affine(IReadOnlyList<Dimension> values, IReadOnlyList<LoopVariable> counters, int skipped = 0)
    {
        var steps = new Dimension[counters.Count];
        int distance = values.Count;
        for (int loop = 0; loop < counters.Count; loop++)
        {
            distance /= counters[loop].Count;
            steps[loop] = counters[loop].Count > 1 ? values[distance] - values[0] : Dimension.Zero;
        }

        for (int index = 0; index < values.Count; index++)
        {
            Dimension value = values[0];
            int rest = index;
            for (int loop = counters.Count - 1; loop >= 0; loop--)
            {
                value += steps[loop] * (rest % counters[loop].Count);
                rest /= counters[loop].Count;
            }

            if (value != values[index])
            {
                return null;
            }
        }

        var terms = new List<string>();
        Dimension start = skipped == 0 ? values[0] : values[0] - steps[0] * skipped;
        if (start != Dimension.Zero)
        {
            terms.Add(size(start));
        }

        for (int loop = 0; loop < counters.Count; loop++)
        {
            if (steps[loop].Value is { } step)
            {
                if (step != 0)
                {
                    terms.Add(step == 1 ? counters[loop].Name : $"{counters[loop].Name} * {(step < 0 ? $"({Number(step)}{(isIndex ? "" : "L")})" : $"{Number(step)}{(isIndex ? "" : "L")}")}");
                }
            }
            else
            {
                terms.Add($"{counters[loop].Name} * {size(steps[loop])}");
            }
        }

        return terms.Count == 0 ? "0" : string.Join(" + ", terms);
    }
}
