using Cameo.Sessions;
using Xunit;

namespace Cameo.Tests.Sessions;

public sealed class CompiledModelTests
{
    private static readonly float[] Ones = [1, 1, 1];
    private static readonly float[] Expected = [22, 33, 55];

    [Fact]
    public void WeightsComeFromTheFileNamed()
    {
        using var file = new TemporaryFile(ScaleModel.WeightFileContent());
        using var model = new ScaleModel(new ModelOptions { WeightsPath = file.Path }, embedded: false);
        using ScaleModel.Session session = model.CreateSession();
        Assert.Equal(Expected, session.Run(Ones, 1).ToArray());
    }

    [Fact]
    public void WeightsComeFromTheFileBesideTheProgram()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Scale.weights");
        var exception = Assert.Throws<WeightFileException>(() => new ScaleModel(embedded: false));
        Assert.Equal(path, exception.WeightSource);
        File.WriteAllBytes(path, ScaleModel.WeightFileContent());
        try
        {
            using var model = new ScaleModel(embedded: false);
            using ScaleModel.Session session = model.CreateSession();
            Assert.Equal(Expected, session.Run(Ones, 1).ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void ADamagedFileIsRefusedByTheModel()
    {
        byte[] content = ScaleModel.WeightFileContent();
        content[70] ^= 1;
        using var file = new TemporaryFile(content);
        Assert.Throws<WeightFileException>(() => new ScaleModel(new ModelOptions { WeightsPath = file.Path }));
        using var unchecked_ = new ScaleModel(new ModelOptions { WeightsPath = file.Path, VerifyWeights = false });
    }

    [Fact]
    public void SessionsShareTheWeights()
    {
        using var model = new ScaleModel();
        using ScaleModel.Session first = model.CreateSession();
        using ScaleModel.Session second = model.CreateSession();
        Assert.Equal(first.WeightsAddress, second.WeightsAddress);
        Assert.Equal(0, first.WeightsAddress % 64);
    }

    [Fact]
    public void WeightsOutliveTheModelUntilTheLastSessionEnds()
    {
        using var file = new TemporaryFile(ScaleModel.WeightFileContent());
        var model = new ScaleModel(new ModelOptions { WeightsPath = file.Path });
        using ScaleModel.Session session = model.CreateSession();
        model.Dispose();
        model.Dispose();
        Assert.Equal(Expected, session.Run(Ones, 1).ToArray());
        Assert.Throws<ObjectDisposedException>(() => model.CreateSession());
        Assert.Throws<ObjectDisposedException>(() => session.Fork());
        Assert.Equal(Expected, session.Run(Ones, 1).ToArray());
    }

    [Fact]
    public void TheUntypedInterfaceCreatesTheSameSessions()
    {
        using CompiledModel model = new ScaleModel();
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = 3 });
        Assert.IsType<ScaleModel.Session>(session);
        Assert.Equal(3, session.Threads);
        Assert.Same(model, session.Model);
        Assert.Equal("Scale", model.ToString());
    }

    [Fact]
    public void BadOptionsAreNamed()
    {
        using var model = new ScaleModel();
        AssertNamed("Threads", new SessionOptions { Threads = 0 });
        AssertNamed("Threads", new SessionOptions { Threads = 5000 });
        AssertNamed("Capacity", new SessionOptions { Capacity = -1 });
        AssertNamed("Batch", new SessionOptions { Batch = 0 });

        void AssertNamed(string option, SessionOptions options) => Assert.Contains(
            option, Assert.Throws<ArgumentOutOfRangeException>(() => model.CreateSession(options)).Message, StringComparison.Ordinal);
    }
}
