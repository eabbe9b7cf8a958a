using Xunit;

namespace Cameo.Tests.Conformance;

/// <summary>What becomes of a case whose process fails.</summary>
[Trait("Suite", "conformance")]
public sealed class ConformanceWorkerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly CompiledCase Request = new() { Case = new ConformanceCase("no-suite", "no_case") };

    [Fact]
    public void WidthThatIsNotInEffectIsAFault()
    {
        using var worker = new ConformanceWorker(ConformanceProgram.RunMode, "7", new Dictionary<string, string>(), Limit);
        (CaseResult? answer, Outcome? failure) = worker.Ask<CompiledCase, CaseResult>(Request);
        Assert.Null(answer);
        Assert.Equal(OutcomeKind.Crashed, failure!.Kind);
        Assert.Contains("instead of 7", failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void ProcessThatDoesNotAnswerIsStopped()
    {
        using var worker = new ConformanceWorker(ConformanceProgram.RunMode, WidthSetting.All[0].Bits.ToString(System.Globalization.CultureInfo.InvariantCulture), new Dictionary<string, string>(), TimeSpan.Zero);
        (CaseResult? answer, Outcome? failure) = worker.Ask<CompiledCase, CaseResult>(Request);
        Assert.Null(answer);
        Assert.Equal(OutcomeKind.TimedOut, failure!.Kind);
    }

    [Fact]
    public void ExceptionEndsTheCaseAndNotTheProcess()
    {
        using var worker = new ConformanceWorker(ConformanceProgram.RunMode, WidthSetting.All[0].Bits.ToString(System.Globalization.CultureInfo.InvariantCulture), new Dictionary<string, string>(), Limit);
        for (int attempt = 0; attempt < 2; attempt++)
        {
            (CaseResult? answer, _) = worker.Ask<CompiledCase, CaseResult>(Request);
            Assert.Equal(OutcomeKind.Threw, answer!.Outcome.Kind);
        }
    }
}
