using Cameo.Generator.Planning;

namespace Cameo.Generator.Emitting;

/// <summary>Texts about places of the arena.</summary>
internal static class SlotText
{
    /// <summary>A residual stream is overwritten in place all through a model: more names than these say nothing more.</summary>
    private const int MaximumNames = 4;

    /// <summary>Names of the values that lie there, each overwritten by the next.</summary>
    public static string Name(ArenaSeries series)
    {
        string[] names = [.. series.Buffers.Select(buffer => buffer.Name)];
        return names.Length <= MaximumNames
            ? string.Join(" <- ", names)
            : $"{string.Join(" <- ", names.Take(MaximumNames - 1))} <- … <- {names[names.Length - 1]} ({names.Length} values in place)";
    }

    /// <summary>As <see cref="Name"/>, with the number of times.</summary>
    public static string Values(ArenaSeries series) => series.Repetitions == 1 ? Name(series)
        : $"{Name(series)} and {series.Repetitions - 1} more {(series.Repetitions == 2 ? "time" : "times")}"
            + (series.Period > 0 ? $", every {series.Period} kernels" : "")
            + (series.OffsetStep != 0 ? $" {series.OffsetStep} bytes further" : "");

    /// <summary>C# of the rest of a description: how often and where else.</summary>
    public static string Repetitions(ArenaSeries series) => series.Repetitions == 1 ? ""
        : $" {{ Repetitions = {series.Repetitions}, Period = {series.Period}{(series.OffsetStep != 0 ? $", OffsetStep = {series.OffsetStep}" : "")} }}";
}
